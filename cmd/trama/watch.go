package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/history"
	"trama/cmd/trama/internal/terminal"
	"trama/codec"
)

func (a *app) watchCommand() *cobra.Command {
	var asJSON bool
	var colour, cursor string
	c := &cobra.Command{
		Use: "watch [SERIAL]", Short: "Show frames as they are committed, until interrupted", Args: noneEmpty(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			screen, err := a.coloured(colour)
			if err != nil {
				return err
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			q, whose := url.Values{}, "all masters"
			if len(args) > 0 {
				q.Set("serial", args[0])
				whose = args[0]
				if _, err := fetchMaster(c.Context(), daemon, args[0]); err != nil {
					a.complain("trama: %v", hintAtStrangers(err))
				}
			}
			if cursor != "" {
				q.Set("cursor", cursor)
			}
			a.complain("trama: waiting for frames of %s; Ctrl-C ends", whose)
			return a.watch(c.Context(), daemon, q, asJSON, screen)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print each frame as a JSON object")
	c.Flags().StringVar(&cursor, "cursor", "", "begin behind this `position` of a frame, alone or with its epoch (4038.5f3c9a1e), not with the next one; 0: with the oldest")
	c.Flags().StringVar(&colour, "color", "auto", "auto, always or never")
	return a.listingFlags(a.daemonFlags(c))
}

// watch shows frames until the command is interrupted, and goes on behind the last one when the daemon has been started again.
func (a *app) watch(ctx context.Context, daemon *client, q url.Values, asJSON bool, screen terminal.Screen) error {
	return a.follow(ctx, daemon, "/api/v1/watch", q, func(line []byte) error {
		var r history.Row
		if err := decodeNumbers(line, &r); err != nil {
			return err
		}
		q.Set("cursor", cursorOf(r.Position, r.Epoch))
		if asJSON {
			a.showJSON(line)
			return nil
		}
		for _, text := range watchLines(r, screen) {
			a.show(screen.Fit(text))
		}
		return nil
	})
}

// cursorOf is where to go on behind a position, or an event, of an epoch.
func cursorOf(position uint64, epoch string) string {
	text := strconv.FormatUint(position, 10)
	if epoch != "" { // a daemon of before has none
		text += "." + epoch
	}
	return text
}

// watchLines are one frame on a terminal: a line for each sample, with the bytes of the frame behind the first.
func watchLines(r history.Row, screen terminal.Screen) []string {
	head := []string{screen.Paint(terminal.Faint, screen.Precise(r.Received)), screen.Paint(terminal.Cyan, dash(r.Master)), r.Listener,
		screen.Paint(terminal.Green, dash(cmp.Or(r.Message, r.Command)))}
	if r.Transaction != nil {
		head = append(head, fmt.Sprintf("#%d", *r.Transaction))
	}
	first := []string{}
	if r.Error != "" {
		first = append(first, screen.Paint(terminal.Red, r.Error))
	}
	if r.Restarted {
		first = append(first, screen.Paint(terminal.Red, "counter restarted"))
	}
	if r.Protection != nil {
		first = append(first, "protected "+r.Protection.String())
	}
	first = append(first, screen.Paint(terminal.Faint, r.Frame))
	line := func(more ...string) string { return strings.Join(append(slices.Clip(head), more...), "  ") }
	if len(r.Samples) == 0 {
		return []string{line(first...)}
	}
	var lines []string
	for _, s := range r.Samples {
		words := []string{terminal.Text(s.Name + "=" + quantity(s.Value, s.Unit))}
		if !s.Device.IsZero() {
			words = append(words, screen.Moment(time.Time(s.Device)))
		}
		if s.Quality != codec.Good.String() {
			words = append(words, screen.Paint(terminal.Red, s.Quality))
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
