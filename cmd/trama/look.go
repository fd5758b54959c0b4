package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"trama/actors"
	"trama/cmd/trama/internal/terminal"
)

// noneOf says what it means that a list is empty.
var noneOf = map[string]string{
	"masters": "no master has reported yet", "connections": "no connection is open", "cursors": "there is no cursor",
	"crashes": "no frame has crashed its handler", "refused": "nothing was refused since the start",
	"listeners": "there is no listener", "polls": "nothing is polled", "list": "there is no token",
}

// look makes a command that asks the daemon for rows and shows them as a table, or as they come with --json.
func look[T any](a *app, use, short string, path func(args []string) string, args cobra.PositionalArgs,
	show func(rows []T)) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(c *cobra.Command, args []string) error {
			daemon, err := a.client()
			if err != nil {
				return err
			}
			if asJSON {
				return daemon.copyTo(c.Context(), a.jsonOut(), path(args))
			}
			var rows []T
			if err := daemon.get(c.Context(), path(args), &rows); err != nil {
				return err
			}
			if filters := a.filters(c); len(rows) == 0 && filters != "" {
				a.complain("nothing fits %s", filters)
			} else if len(rows) == 0 {
				a.complain("%s", noneOf[c.Name()])
			}
			show(rows)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}

// filterFlags adds flags that go to the daemon as parameters of the same names; the result says what they are.
func filterFlags(c *cobra.Command, flags [][2]string) func() string {
	for _, f := range flags {
		c.Flags().String(f[0], "", f[1])
	}
	return func() string {
		q := url.Values{}
		for _, f := range flags {
			if value, _ := c.Flags().GetString(f[0]); value != "" {
				q.Set(f[0], value)
			}
		}
		return q.Encode()
	}
}

// filters are the flags of a command line that choose among rows.
func (a *app) filters(c *cobra.Command) string {
	var given []string
	c.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"admin", "token-file", "config", "json", "wide", "utc", "sort", "limit", "offset"}, f.Name) {
			given = append(given, "--"+f.Name+" "+f.Value.String())
		}
	})
	return strings.Join(given, " ")
}

func fixed(path string) func([]string) string { return func([]string) string { return path } }

func (a *app) listenersCommand() *cobra.Command {
	return look(a, "listeners", "List the ports and their counters", fixed("/api/v1/listeners"), cobra.NoArgs,
		func(rows []actors.ListenerInfo) {
			a.table("NAME\tADDRESS:1\tPROFILE\tGENERATION:10\tHASH:11\tLOADED:9\tROLE:8\tSTATE\tLIVE\tACCEPTED:6\tREFUSED:3\tFRAMES\t"+
				"ACKNOWLEDGED:5\tREJECTED\tUNREADABLE:2\tPOISONED:4\tSKIPPED:7\tHEARTBEATS:12\tERROR?", len(rows), func(i int) []any {
				l := rows[i]
				return []any{l.Name, l.Address, l.Profile, l.Definition.Generation, fmt.Sprintf("%.12s", l.Definition.Hash),
					terminal.Since(l.Definition.Loaded), l.Role, terminal.State(l.State), l.Live, l.Accepted, l.Refused, l.Frames, l.Acknowledged,
					l.Rejected, l.Unreadable, l.Poisoned, l.Skipped, l.Heartbeats, l.Error}
			})
		})
}

func (a *app) pollsCommand() *cobra.Command {
	return look(a, "polls", "List what masters are asked every so often, and what came of it", fixed("/api/v1/polls"), cobra.NoArgs,
		func(rows []actors.PollStatus) {
			a.table("NAME\tEVERY\tSOURCE:2\tMASTERS\tFAILING\tASKED:1\tDONE\tREFUSED\tUNKNOWN\tSKIPPED", len(rows), func(i int) []any {
				p := rows[i]
				return []any{p.Name, p.Every, p.Source, p.Masters, p.Failing, p.Asked, p.Done, p.Refused, p.Unknown, p.Skipped}
			})
		})
}

func (a *app) connectionsCommand() *cobra.Command {
	var query func() string
	c := look(a, "connections", "List the live connections", func([]string) string { return "/api/v1/connections?" + query() }, cobra.NoArgs,
		func(rows []actors.ConnectionInfo) {
			a.table("ID\tLISTENER:3\tREMOTE:1\tMASTERS\tOPEN:4\tQUIET\tFRAMES\tACKNOWLEDGED:6\tREJECTED:2\tPOISONED:7\tSKIPPED:5\t"+
				"HEARTBEATS:9\tRESTARTS:8", len(rows), func(i int) []any {
				c := rows[i]
				return []any{c.ID, c.Listener, c.Remote, strings.Join(c.Masters, ","), terminal.Since(c.Opened),
					terminal.Since(c.LastReceived), c.Frames, c.Acknowledged, c.Rejected, c.Poisoned, c.Skipped, c.Heartbeats,
					c.Restarts}
			})
		})
	query = filterFlags(c, [][2]string{
		{"listener", "only those of a listener"}, {"silent", "only those on which nothing came for a time, such as 10m"},
		{"sort", "by id, quiet (longest first), frames, rejected or skipped (most first)"}, {"limit", "maximum rows"},
	})
	return c
}

func (a *app) crashesCommand() *cobra.Command {
	c := look(a, "crashes", "List the latest frames that crashed their handler", fixed("/api/v1/poisoned"),
		cobra.NoArgs, func(rows []actors.Poison) {
			a.table("AT\tLISTENER:2\tCONNECTION:4\tREMOTE:3\tSERIAL\tFRAME:5\tCAUSE", len(rows), func(i int) []any {
				p := rows[i]
				return []any{p.At, p.Listener, p.Connection, p.Remote, terminal.Key(p.Serial), p.Frame, p.Cause}
			})
		})
	c.Aliases = []string{"poisoned"} // as it was called
	return c
}

func (a *app) refusedCommand() *cobra.Command {
	return look(a, "refused [LISTENER|SERIAL]", "List the latest bytes that were refused, and why; trama explain tells more", func(args []string) string {
		if len(args) == 0 {
			return "/api/v1/refused"
		}
		return "/api/v1/refused?of=" + url.QueryEscape(args[0])
	}, noneEmpty(cobra.MaximumNArgs(1)), func(rows []actors.Stretch) {
		a.table("AT\tLISTENER:1\tREMOTE:2\tMASTER\tREASON\tTIMES:3\tLENGTH:4\tBYTES:5\tDETAIL", len(rows), func(i int) []any {
			s := rows[i]
			return []any{s.At, s.Listener, s.Remote, terminal.Key(s.Master), s.Reason, max(s.Times, 1), s.Length, s.Bytes, s.Detail}
		})
	})
}

func (a *app) treeCommand() *cobra.Command {
	var under string
	var depth, limit, offset int
	var asJSON bool
	c := &cobra.Command{
		Use: "tree", Short: "Show the tree of actors", Args: cobra.NoArgs,
		Example: "  trama tree --under trama/listeners/gsm --offset 100",
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case depth < 0:
				return usageError{fmt.Errorf("--depth: found %d, allowed 0 (all) and more", depth)}
			case limit < -1:
				return usageError{fmt.Errorf("--limit: found %d, allowed -1 (all), 0 (100) and more", limit)}
			case offset < 0:
				return usageError{fmt.Errorf("--offset: found %d, allowed 0 and more", offset)}
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			format := "text"
			if asJSON {
				format = "json"
			}
			query := url.Values{"format": {format}, "under": {under}, "depth": {strconv.Itoa(depth)},
				"limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}}
			if asJSON {
				return daemon.copyTo(c.Context(), a.jsonOut(), "/debug/actors?"+query.Encode())
			}
			var text strings.Builder
			if err := daemon.copyTo(c.Context(), &text, "/debug/actors?"+query.Encode()); err != nil {
				return err
			}
			screen := a.screen()
			for line := range strings.Lines(text.String()) {
				a.show(screen.Line(strings.TrimSuffix(line, "\n")))
			}
			return nil
		},
	}
	c.Flags().StringVar(&under, "under", "", "`path` of the actor to start from")
	c.Flags().IntVar(&depth, "depth", 0, "levels shown below it; 0 is all")
	c.Flags().IntVar(&limit, "limit", 100, "children shown of each actor; -1 is all")
	c.Flags().IntVar(&offset, "offset", 0, "skip the first `N` children of the actor")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// fetchMaster asks for one master.
func fetchMaster(ctx context.Context, daemon *client, serial string) (m actors.MasterInfo, err error) {
	return m, daemon.get(ctx, "/api/v1/masters/"+url.PathEscape(serial), &m)
}
