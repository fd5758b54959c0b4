package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/terminal"
	"trama/journal"
)

func (a *app) eventsCommand() *cobra.Command {
	var kind, since, until string
	var limit int
	var asJSON, follow bool
	c := &cobra.Command{
		Use: "events [SERIAL]", Short: "List what happened: masters that come and go, alarms, refused frames",
		Args: noneEmpty(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.checkSpan(since, until); err != nil {
				return err
			}
			if limit < 1 {
				return usageError{fmt.Errorf("--limit: found %d, allowed 1 and more", limit)}
			}
			if err := journal.KnownKind(kind); err != nil {
				return usageError{fmt.Errorf("--kind: %w", err)}
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			if follow {
				return a.followEvents(c.Context(), daemon, kind, args, asJSON)
			}
			p := past{app: a, daemon: daemon, flags: historyFlags{since: since, until: until, limit: limit}}
			q := p.query()
			if kind != "" {
				q.Set("kind", kind)
			}
			if len(args) > 0 {
				q.Set("master", args[0])
			}
			rows := []admin.Event{}
			err = p.pages(c.Context(), "/api/v1/events", q, func(text json.RawMessage) (int, string, error) {
				var page admin.Events
				err := decodeNumbers(text, &page)
				rows = append(rows, page.Events...)
				p.note(page.Damage)
				return len(page.Events), page.Cursor, err
			})
			if err != nil {
				return err
			}
			if len(rows) == 0 && len(args) > 0 {
				if _, err := fetchMaster(c.Context(), daemon, args[0]); err != nil {
					return hintAtStrangers(err)
				}
			}
			if len(rows) == 0 {
				a.complain("no %s in this span (--since %s)", strings.TrimSpace(kind+" events"), since)
			}
			slices.Reverse(rows) // the newest were asked for; the oldest of them comes first
			p.tellDamage(p.damage)
			if asJSON {
				return a.sayJSON(rows)
			}
			a.table("AT\tKIND\tMASTER\tLISTENER:3\tCONN:5\tREMOTE:4\tREASON\tDETAIL:1\tFRAME:6?", len(rows), func(i int) []any {
				e := rows[i]
				var connection any // most changes have none
				if e.Connection != 0 {
					connection = e.Connection
				}
				return []any{e.At, e.Kind, terminal.Key(e.Master), e.Listener, connection, e.Remote, e.Reason, e.Detail, e.Frame}
			})
			return nil
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "show events as they happen, from now on, until interrupted")
	c.Flags().StringVar(&kind, "kind", "", "only one `kind`: "+strings.Join(journal.EventKinds, ", "))
	c.Flags().StringVar(&since, "since", "24h", "beginning, or how long ago")
	c.Flags().StringVar(&until, "until", "", "end, not included (default: now)")
	c.Flags().IntVar(&limit, "limit", 100, "maximum events, the newest ones")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}

// followEvents prints events as they happen.
func (a *app) followEvents(ctx context.Context, daemon *client, kind string, serial []string, asJSON bool) error {
	q := url.Values{"follow": {"true"}, "kind": {kind}}
	if len(serial) > 0 {
		q.Set("master", serial[0])
	}
	return a.follow(ctx, daemon, "/api/v1/events", q, func(line []byte) error {
		var e admin.Event
		if err := decodeNumbers(line, &e); err != nil {
			return err
		}
		q.Set("cursor", cursorOf(e.ID, e.Epoch))
		if asJSON {
			a.showJSON(line)
			return nil
		}
		words := []string{a.moment(e.At), e.Kind, dash(e.Master), dash(e.Listener)}
		for _, more := range []string{e.Remote, e.Reason, e.Detail} {
			if more != "" {
				words = append(words, more)
			}
		}
		a.show(a.screen().Line(strings.Join(words, "  ")))
		return nil
	})
}

func (a *app) cursorsCommand() *cobra.Command {
	c := look(a, "cursors", "List the named consumers of frames, and how far behind they are", fixed("/api/v1/cursors"),
		cobra.NoArgs, func(rows []journal.Cursor) {
			a.table("NAME\tPOSITION\tLAG\tLOST\tMOVED", len(rows), func(i int) []any {
				r := rows[i]
				return []any{r.Name, r.Position, r.Lag, r.Lost, terminal.Since(r.Moved)}
			})
		})
	var back bool
	set := &cobra.Command{
		Use: "set NAME [POSITION]", Short: "Make a cursor, or move it: to a position, or to the newest frame",
		Args: noneEmpty(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			move := admin.Move{Back: back}
			if len(args) > 1 {
				position, err := strconv.ParseUint(args[1], 10, 63)
				if err != nil {
					return usageError{fmt.Errorf("position: found %q, expected a whole number from 0 on", args[1])}
				}
				move.Position = &position
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			var answer json.RawMessage
			var now journal.Cursor
			if err = daemon.call(c.Context(), "PUT", "/api/v1/cursors/"+url.PathEscape(args[0]), move, &answer); err == nil {
				err = json.Unmarshal(answer, &now)
			}
			if err != nil {
				return err
			}
			return a.done(c, answer, fmt.Sprintf("%s is at %d, %d behind the newest frame", now.Name, now.Position, now.Lag))
		},
	}
	set.Flags().BoolVar(&back, "back", false, "allow moving backwards: frames are delivered again")
	remove := &cobra.Command{
		Use: "remove NAME", Short: "Forget a cursor", Args: noneEmpty(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return a.order(c, "DELETE", "/api/v1/cursors/"+url.PathEscape(args[0]), args[0]+" is forgotten")
		},
	}
	c.AddCommand(a.orderFlags(set), a.orderFlags(remove))
	return c
}
