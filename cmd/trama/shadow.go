package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"trama/actors"
	"trama/codec"
)

func (a *app) shadowCommand() *cobra.Command {
	var stop, promote, asJSON bool
	c := &cobra.Command{
		Use:   "shadow LISTENER [PROFILE.toml]",
		Short: "Try a profile on live traffic next to the active one",
		Long: "shadow LISTENER PROFILE.toml sends the definition to the daemon, which checks it and from then on cuts and decodes all that comes in on the\n" +
			"listener by both profiles and counts where they differ.  Masters notice nothing.  shadow LISTENER shows what was found; --promote swaps the\n" +
			"candidate in, --stop ends the trial.  PROFILE may also be the name of a shipped profile.",
		Example: "  trama shadow gsm profiles/mine.toml\n  trama shadow gsm\n  trama shadow gsm --promote",
		Args:    noneEmpty(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			if stop && promote || len(args) == 2 && (stop || promote) {
				return usageError{errors.New("one of PROFILE.toml, --promote and --stop")}
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			path, method, body := "/api/v1/listeners/"+url.PathEscape(args[0])+"/shadow", http.MethodGet, []byte(nil)
			switch {
			case len(args) == 2:
				if body, err = definitionText(args[1]); err != nil {
					return usageError{err}
				}
				path, method = path+"?file="+url.QueryEscape(args[1]), http.MethodPost
			case stop:
				method = http.MethodDelete
			case promote:
				path, method = path+"/promote", http.MethodPost
			}
			text, err := daemon.exchange(c.Context(), method, path, "text/plain; charset=utf-8", body)
			switch {
			case err != nil:
				return err
			case asJSON:
				a.showJSON(bytes.TrimSpace(text))
				return nil
			case promote:
				var s actors.Swapped
				if err := json.Unmarshal(text, &s); err != nil {
					return fmt.Errorf("answer of the daemon: %w", err)
				}
				a.say("%s", swappedInWords(s))
				if s.Changed {
					a.say("the configuration still names the other definition: put this one in its place before the next reload or restart")
				}
				return nil
			}
			var info actors.ShadowInfo
			if err := json.Unmarshal(text, &info); err != nil {
				return fmt.Errorf("answer of the daemon: %w", err)
			}
			a.showShadow(info)
			return nil
		},
	}
	c.Flags().BoolVar(&stop, "stop", false, "end the trial")
	c.Flags().BoolVar(&promote, "promote", false, "swap the candidate in, as reload does")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}

// definitionText is the text of a shipped profile or of a file.
func definitionText(name string) ([]byte, error) {
	if src, ok := codec.ShippedSource(name); ok {
		return src, nil
	}
	src, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && filepath.Base(name) == name && filepath.Ext(name) == "" { // it was meant as a name
		_, err = findProfile(name)
	}
	return src, err
}

// exchange sends a body as it is and returns the answer as it comes.
func (c *client) exchange(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	w, err := c.send(ctx, method, path, contentType, body)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	return io.ReadAll(w.Body)
}

func (a *app) showShadow(i actors.ShadowInfo) {
	line := func(format string, args ...any) { a.details([][2]string{{"", fmt.Sprintf(format, args...)}}) }
	line("%s: %s runs next to %s since %s: %s", i.Listener, cmp.Or(i.Source, i.Candidate), i.Active, a.moment(i.Since), i.State)
	if i.Detail != "" {
		a.say("  %s", i.Detail)
	}
	a.say("frames compared  %d", i.Frames)
	a.say("  same           %d", i.Same)
	a.say("  different      %d, %d of them acknowledged otherwise", i.Different, i.Acknowledgement)
	a.say("  cut otherwise  %d", i.Framing)
	for _, r := range i.RefusedByCandidate {
		a.say("  refused by the candidate: %d  %s", r.Count, r.Reason)
		a.details([][2]string{{"  ", r.Error}, {"  ", r.Frame}})
	}
	for _, r := range i.RefusedByActive {
		a.say("found by the candidate only: %d  %s", r.Count, r.Reason)
		a.details([][2]string{{"  ", r.Error}, {"  ", r.Frame}})
	}
	if i.Dropped > 0 {
		a.say("reads not compared  %d, %d were", i.Dropped, i.Reads)
	}
	if len(i.Fields) > 0 {
		a.table("FIELD\tFRAMES\tACTIVE\tCANDIDATE\tLAST FRAME:1", len(i.Fields), func(n int) []any {
			d := i.Fields[n]
			return []any{d.Field, d.Count, cmp.Or(d.Active, "(absent)"), cmp.Or(d.Candidate, "(absent)"), d.Frame}
		})
	}
	if i.OtherFields > 0 {
		a.say("and %d differences in further fields", i.OtherFields)
	}
	if e := i.AcknowledgementLast; e != nil {
		line("acknowledgement  active %s  candidate %s  of %s", cmp.Or(e.Active, "(none)"), cmp.Or(e.Candidate, "(none)"), e.Frame)
	}
	if e := i.FramingExample; e != nil {
		line("cut  active %s  candidate %s  %s", cmp.Or(e.Active, "(not there)"), cmp.Or(e.Candidate, "(not there)"), e.Frame)
	}
}
