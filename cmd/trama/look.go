package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"trama/actors"
	"trama/cmd/trama/internal/terminal"
)

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
			show(rows)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.daemonFlags(c)
}

func fixed(path string) func([]string) string { return func([]string) string { return path } }

func (a *app) listenersCommand() *cobra.Command {
	return look(a, "listeners", "List the ports and their counters", fixed("/api/v1/listeners"), cobra.NoArgs,
		func(rows []actors.ListenerInfo) {
			a.table("NAME\tADDRESS\tPROFILE\tGENERATION\tHASH\tLOADED\tROLE\tSTATE\tLIVE\tACCEPTED\tREFUSED\tFRAMES\tACKNOWLEDGED\tREJECTED\tUNREADABLE\tPOISONED\tSKIPPED\tHEARTBEATS\tERROR", len(rows), func(i int) []any {
				l := rows[i]
				return []any{l.Name, l.Address, l.Profile, l.Definition.Generation, fmt.Sprintf("%.12s", l.Definition.Hash),
					since(l.Definition.Loaded), l.Role, l.State, l.Live, l.Accepted, l.Refused, l.Frames, l.Acknowledged,
					l.Rejected, l.Unreadable, l.Poisoned, l.Skipped, l.Heartbeats, l.Error}
			})
		})
}

func (a *app) connectionsCommand() *cobra.Command {
	return look(a, "connections", "List the live connections", fixed("/api/v1/connections"), cobra.NoArgs,
		func(rows []actors.ConnectionInfo) {
			a.table("ID\tLISTENER\tREMOTE\tMASTERS\tOPEN\tQUIET\tFRAMES\tACKNOWLEDGED\tREJECTED\tPOISONED\tSKIPPED\tHEARTBEATS\tRESTARTS", len(rows), func(i int) []any {
				c := rows[i]
				return []any{c.ID, c.Listener, c.Remote, dash(strings.Join(c.Masters, ",")), since(c.Opened),
					since(c.LastReceived), c.Frames, c.Acknowledged, c.Rejected, c.Poisoned, c.Skipped, c.Heartbeats,
					c.Restarts}
			})
		})
}

func (a *app) poisonedCommand() *cobra.Command {
	return look(a, "poisoned", "List the latest frames that made an actor fail", fixed("/api/v1/poisoned"),
		cobra.NoArgs, func(rows []actors.Poison) {
			a.table("AT\tLISTENER\tCONNECTION\tREMOTE\tSERIAL\tFRAME\tCAUSE", len(rows), func(i int) []any {
				p := rows[i]
				return []any{p.At.Format(time.RFC3339), p.Listener, p.Connection, p.Remote, dash(p.Serial), p.Frame, p.Cause}
			})
		})
}

func (a *app) refusedCommand() *cobra.Command {
	return look(a, "refused [LISTENER|SERIAL]", "List the latest bytes that were refused, and why; trama explain tells more", func(args []string) string {
		if len(args) == 0 {
			return "/api/v1/refused"
		}
		return "/api/v1/refused?of=" + url.QueryEscape(args[0])
	}, noneEmpty(cobra.MaximumNArgs(1)), func(rows []actors.Stretch) {
		a.table("AT\tLISTENER\tREMOTE\tMASTER\tREASON\tTIMES\tLENGTH\tBYTES\tDETAIL", len(rows), func(i int) []any {
			s := rows[i]
			return []any{moment(s.At), s.Listener, s.Remote, dash(s.Master), s.Reason, max(s.Times, 1), s.Length, s.Bytes, dash(s.Detail)}
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
			out := a.jsonOut()
			if !asJSON {
				out = terminal.Writer(a.stdout, func(text []byte) []byte { return []byte(terminal.Lines(string(text))) })
			}
			return daemon.copyTo(c.Context(), out, "/debug/actors?"+query.Encode())
		},
	}
	c.Flags().StringVar(&under, "under", "", "`path` of the actor to start from")
	c.Flags().IntVar(&depth, "depth", 0, "levels shown below it; 0 is all")
	c.Flags().IntVar(&limit, "limit", 100, "children shown of each actor; -1 is all")
	c.Flags().IntVar(&offset, "offset", 0, "children of the first actor to pass over")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.daemonFlags(c)
}

// table prints rows under a heading.
func (a *app) table(heading string, n int, row func(i int) []any) {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, heading) // the writer below is standard output: see say
	for i := range n {
		for j, cell := range row(i) {
			if j > 0 {
				_, _ = fmt.Fprint(w, "\t")
			}
			_, _ = fmt.Fprint(w, terminal.Text(fmt.Sprint(cell)))
		}
		_, _ = fmt.Fprintln(w)
	}
	_ = w.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// since is how long ago something was, to the precision a table needs.
func since(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := max(time.Since(t), 0)
	switch {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// fetchMaster asks for one master.
func fetchMaster(ctx context.Context, daemon *client, serial string) (m actors.MasterInfo, err error) {
	return m, daemon.get(ctx, "/api/v1/masters/"+url.PathEscape(serial), &m)
}
