package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"trama/actors/ledger"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/terminal"
	"trama/codec"
)

func (a *app) commandsCommand() *cobra.Command {
	var state, by, since, until string
	var limit int
	var open, asJSON bool
	c := &cobra.Command{
		Use: "commands [SERIAL]", Short: "List what masters were told: by whom, when, and what came of it",
		Example: "  trama commands 12345678\n  trama commands --state unknown --since 7d\n  trama commands --open",
		Args:    noneEmpty(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.checkSpan(since, until); err != nil {
				return err
			}
			if limit < 1 {
				return usageError{fmt.Errorf("--limit: found %d, allowed 1 and more", limit)}
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			p := past{app: a, daemon: daemon, flags: historyFlags{since: since, until: until}}
			q := p.query("state", state, "by", by, "open", strconv.FormatBool(open))
			if len(args) > 0 {
				q.Set("master", args[0])
			}
			rows, err := allCommands(c.Context(), daemon, q, limit)
			if err != nil {
				return err
			}
			if len(rows) == 0 && len(args) > 0 {
				if _, err := fetchMaster(c.Context(), daemon, args[0]); err != nil {
					return hintAtStrangers(err)
				}
			}
			if len(rows) == 0 {
				a.complain("no command fits; --since %s", since)
			}
			slices.Reverse(rows) // the newest were asked for; the oldest of them comes first
			if asJSON {
				return a.sayJSON(texts(rows))
			}
			a.table("ID\tASKED\tMASTER\tCOMMAND\tSTATE\tNUMBER:4?\tTOOK:5\tBY:2\tDETAIL:3", len(rows), func(i int) []any {
				c := &rows[i].Command
				took := ""
				if !c.Open() {
					took = c.Elapsed.String()
				}
				return []any{c.ID, c.Asked, terminal.Key(c.Serial), what(c), stateOf(c), c.Transaction, took, c.By, c.Detail}
			})
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&state, "state", "", "only those in a state: "+strings.Join(admin.CommandStates(), ", "))
	f.StringVar(&by, "by", "", "only those that somebody asked for, by the `name` of a token or of a user")
	f.BoolVar(&open, "open", false, "only those that have not ended")
	f.StringVar(&since, "since", "24h", "asked for since then, or how long ago")
	f.StringVar(&until, "until", "", "end, not included (default: now)")
	f.IntVar(&limit, "limit", 100, "maximum rows, the newest ones")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}

// allCommands reads commands page by page, the newest first.
func allCommands(ctx context.Context, daemon *client, q url.Values, limit int) (rows []commandText, err error) {
	for {
		q.Set("limit", strconv.Itoa(min(limit-len(rows), pageRows)))
		var page struct {
			Commands []commandText `json:"commands"`
			Cursor   string        `json:"cursor"`
		}
		if err := daemon.get(ctx, "/api/v1/commands?"+q.Encode(), &page); err != nil {
			return nil, err
		}
		rows = append(rows, page.Commands...)
		if page.Cursor == "" || len(rows) >= limit {
			return rows, nil
		}
		q.Set("cursor", page.Cursor)
	}
}

// texts are commands as the daemon wrote them.
func texts(rows []commandText) []json.RawMessage {
	all := make([]json.RawMessage, len(rows))
	for i := range rows {
		all[i] = rows[i].text
	}
	return all
}

func (a *app) commandCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "command ID", Short: "Show the whole life of a command: who, when, from where, and the bytes both ways", Args: noneEmpty(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			daemon, err := a.client()
			if err != nil {
				return err
			}
			var found commandText
			if err := daemon.get(c.Context(), "/api/v1/commands/"+url.PathEscape(args[0]), &found); err != nil {
				return err
			}
			if asJSON {
				a.showJSON(found.text)
				return nil
			}
			a.showCommand(&found.Command, a.profileOf(c.Context(), daemon, found.Serial))
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}

func (a *app) cancelCommand() *cobra.Command {
	var master string
	c := &cobra.Command{
		Use: "cancel ID… | --master SERIAL", Short: "Withdraw commands that were not sent: those named, or all that wait for a master",
		Args: noneEmpty(func(c *cobra.Command, args []string) error {
			if master != "" {
				return cobra.NoArgs(c, args)
			}
			return cobra.MinimumNArgs(1)(c, args)
		}),
		RunE: func(c *cobra.Command, ids []string) error {
			daemon, err := a.client()
			if err != nil {
				return err
			}
			if master != "" {
				q := url.Values{"master": {master}, "state": {string(ledger.Queued)}, "open": {"true"}}
				waiting, err := allCommands(c.Context(), daemon, q, math.MaxInt)
				if err != nil {
					return err
				}
				for i := range waiting {
					ids = append(ids, strconv.FormatUint(waiting[i].ID, 10))
				}
				if len(ids) == 0 {
					if _, err = fetchMaster(c.Context(), daemon, master); err == nil {
						a.complain("no command waits for %s", terminal.Text(master))
					}
					return err
				}
			}
			var failed []error
			for _, id := range ids {
				var gone commandText
				if err := daemon.call(c.Context(), http.MethodDelete, "/api/v1/commands/"+url.PathEscape(id), nil, &gone); err != nil {
					failed = append(failed, err)
					continue
				}
				failed = append(failed, a.done(c, gone.text, fmt.Sprintf("command %d is cancelled: %s was not sent to %s", gone.ID, what(&gone.Command), gone.Serial)))
			}
			return errors.Join(failed...)
		},
	}
	c.Flags().StringVar(&master, "master", "", "all that wait for the master with this `serial`")
	return a.orderFlags(c)
}

// showCommand prints everything known of one command.
func (a *app) showCommand(c *ledger.Command, p *codec.Profile) {
	rows := [][2]string{{"command", what(c)}, {"master", c.Serial}, {"state", string(stateOf(c))}}
	line := func(name, text string) {
		if text != "" {
			rows = append(rows, [2]string{name, text})
		}
	}
	line("detail", c.Detail)
	line("class", string(c.Class))
	asked := a.moment(c.Asked) + " by " + dash(c.By)
	if c.From != "" {
		asked += " from " + c.From
	}
	line("asked", asked)
	line("key", c.Key)
	if !c.Expires.IsZero() {
		line("expires", a.moment(c.Expires))
	}
	if !c.Ended.IsZero() {
		line("ended", fmt.Sprintf("%s, after %v", a.moment(c.Ended), c.Elapsed))
	}
	if c.Transaction != nil {
		line("transaction", number(c.Transaction))
	}
	if c.Code != nil {
		line("response", "code "+number(c.Code))
	}
	line("listener", c.Listener)
	line("verified", c.Verified)
	line("suite", c.Suite)
	line("answer", answerInWords(c, p))
	line("sent", spaced(c.Sent))
	line("received", spaced(c.AnswerHex))
	a.details(rows)
	if len(c.Changes) == 0 {
		return
	}
	a.say("")
	a.table("AT\tSTATE\tCONNECTION?\tDETAIL?", len(c.Changes), func(i int) []any {
		change := c.Changes[i]
		var connection any
		if change.Connection != 0 {
			connection = change.Connection
		}
		return []any{a.screen().Precise(change.At), change.State, connection, change.Detail}
	})
}
