package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"trama/cmd/trama/internal/admin"
)

// followPause is between two tries to reach a daemon that has ended.
const followPause = time.Second

// errEnded says that an answer without an end has ended.
var errEnded = errors.New("the daemon has ended the answer")

// follow hands each line of an answer that does not end to show, until the command is interrupted.  When the daemon ends,
// it asks the next one again, of which the cursor in q tells where to go on.
func (a *app) follow(ctx context.Context, daemon *client, path string, q url.Values, show func(line []byte) error) error {
	for begun := false; ; {
		err := a.lines(ctx, daemon, path, q, show)
		away := errors.As(err, new(noDaemon)) || errors.As(err, new(unready))
		switch {
		case ctx.Err() != nil:
			return nil // interrupted, as it is meant to be
		case errors.Is(err, errEnded):
			begun = true
			a.complain("trama: the daemon has ended; waiting for the next one")
		case !begun || !away:
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followPause):
		}
	}
}

// lines hands each line of one answer to show.  An answer that breaks off is errEnded.
func (a *app) lines(ctx context.Context, daemon *client, path string, q url.Values, show func(line []byte) error) error {
	w, err := daemon.do(ctx, http.MethodGet, path+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	if cursor := w.Header.Get(admin.CursorHeader); cursor != "" {
		q.Set("cursor", cursor) // perhaps nothing comes before the daemon ends
	}
	lines := bufio.NewReaderSize(w.Body, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) || err != nil && ctx.Err() == nil {
			return errEnded
		} else if err != nil {
			return err
		}
		if err := show(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return fmt.Errorf("answer of the daemon: %w", err)
		}
	}
}
