package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/history"
	"trama/cmd/trama/internal/terminal"
	"trama/codec"
)

func (a *app) watchCommand() *cobra.Command {
	var asJSON bool
	var colour string
	c := &cobra.Command{
		Use: "watch [SERIAL]", Short: "Show frames as they are committed, until interrupted", Args: noneEmpty(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			paint, err := a.painter(colour)
			if err != nil {
				return err
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			q := url.Values{}
			if len(args) > 0 {
				q.Set("serial", args[0])
			}
			return a.watch(c.Context(), daemon, q, asJSON, paint)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print each frame as a JSON object")
	c.Flags().StringVar(&colour, "color", "auto", "auto, always or never")
	return a.daemonFlags(c)
}

func (a *app) watch(ctx context.Context, daemon *client, q url.Values, asJSON bool, paint painter) error {
	return a.lines(ctx, daemon, "/api/v1/watch?"+q.Encode(), func(line []byte) error {
		if asJSON {
			a.showJSON(line)
			return nil
		}
		var r history.Row
		if err := decodeNumbers(line, &r); err != nil {
			return err
		}
		for _, text := range watchLines(r, paint) {
			a.show(text)
		}
		return nil
	})
}

// lines hands each line of an answer that does not end to show, until the command is interrupted.
func (a *app) lines(ctx context.Context, daemon *client, path string, show func(line []byte) error) error {
	w, err := daemon.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	lines := bufio.NewReaderSize(w.Body, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		switch {
		case ctx.Err() != nil:
			return nil // interrupted, as it is meant to be
		case errors.Is(err, io.EOF):
			return errors.New("the daemon has ended the watch: it is stopping")
		case err != nil:
			return err
		}
		if err := show(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return fmt.Errorf("answer of the daemon: %w", err)
		}
	}
}

// watchLines are one frame on a terminal: a line for each sample, with the bytes of the frame behind the first.
func watchLines(r history.Row, paint painter) []string {
	head := []string{paint(colourFaint, r.Received.Local().Format("15:04:05.000")), paint(colourName, dash(r.Master)), r.Listener,
		paint(colourMessage, dash(cmp.Or(r.Message, r.Command)))}
	if r.Transaction != nil {
		head = append(head, fmt.Sprintf("#%d", *r.Transaction))
	}
	first := []string{}
	if r.Error != "" {
		first = append(first, paint(colourBad, r.Error))
	}
	if r.Restarted {
		first = append(first, paint(colourBad, "counter restarted"))
	}
	if r.Protection != nil {
		first = append(first, "protected "+r.Protection.String())
	}
	first = append(first, paint(colourFaint, r.Frame))
	line := func(more ...string) string { return strings.Join(append(slices.Clip(head), more...), "  ") }
	if len(r.Samples) == 0 {
		return []string{line(first...)}
	}
	var lines []string
	for _, s := range r.Samples {
		words := []string{terminal.Text(s.Name + "=" + quantity(s.Value, s.Unit))}
		if !s.Device.IsZero() {
			words = append(words, moment(time.Time(s.Device)))
		}
		if s.Quality != codec.Good.String() {
			words = append(words, paint(colourBad, s.Quality))
		}
		lines = append(lines, line(append(words, first...)...))
		first = nil
	}
	return lines
}

// decodeNumbers reads JSON and keeps numbers as they were written.
func decodeNumbers(text []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	return d.Decode(into)
}
