package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"trama/actors"
	"trama/codec"
	"trama/journal"
	"trama/journal/sqlite"
	"trama/transport"
)

// early breaks the rule on purpose: it says that a frame is on disk when it is on its way there.
type early struct{ *sqlite.Journal }

// Append implements actors.Journal.
func (j early) Append(e *journal.Entry) {
	copied := *e
	copied.Records, copied.Owner = bytes.Clone(e.Records), nil
	if e.Owner != nil {
		e.Owner.Committed(0, nil) // e is its owner's again
	}
	j.Journal.Append(&copied)
}

// serveBroken is a daemon on a journal that tells too early.  The arguments are those of `trama serve`.
func serveBroken(args []string) int {
	if err := runBroken(args); err != nil {
		fmt.Fprintln(os.Stderr, "broken daemon:", err)
		return 1
	}
	return 0
}

func runBroken(args []string) error {
	if len(args) != 5 { // serve --config FILE --addresses-file FILE
		return fmt.Errorf("arguments %q", args)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	db, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(filepath.Dir(args[2]), "data", "journal.db")})
	if err != nil {
		return err
	}
	p, err := codec.Shipped("extended")
	if err != nil {
		return err
	}
	g, err := actors.Start(actors.Options{Journal: early{db}, Listeners: []actors.ListenerOptions{
		{Profile: p, Transport: transport.Options{Name: "field", Address: "127.0.0.1:0"}},
	}})
	if err != nil {
		return err
	}
	addresses, err := json.Marshal(map[string]any{"listeners": map[string]string{"field": g.Listeners()[0].Address}})
	if err != nil {
		return err
	}
	partial := args[4] + ".new"
	if err := errors.Join(os.WriteFile(partial, addresses, 0o600), os.Rename(partial, args[4])); err != nil {
		return err
	}
	<-ctx.Done()
	drain, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(g.Drain(drain), db.Close())
}
