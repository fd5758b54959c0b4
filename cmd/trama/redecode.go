package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
)

func (a *app) redecodeCommand() *cobra.Command {
	p := past{app: a}
	c := &cobra.Command{
		Use: "redecode [SERIAL]", Short: "Read frames again that could not be read when they came, with the present profiles",
		Args: noneEmpty(cobra.MaximumNArgs(1)),
		Long: "redecode lists the frames that were kept though they could not be read whole: marks, length and checksum were right.  Each is read by\n" +
			"the newest definition of its profile.  After a reload with a better one its values are there, in history, export and plots too.",
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.checkSpan(p.flags.since, ""); err != nil {
				return err
			}
			if p.flags.limit < 1 {
				return usageError{fmt.Errorf("--limit: found %d, allowed 1 and more", p.flags.limit)}
			}
			var err error
			if p.daemon, err = a.client(); err != nil {
				return err
			}
			q := p.query()
			if len(args) > 0 {
				q.Set("master", args[0])
			}
			rows := []history.Row{}
			err = p.pages(c.Context(), "/api/v1/unreadable", q, func(text json.RawMessage) (int, string, error) {
				var page admin.Frames
				err := decodeNumbers(text, &page)
				rows = append(rows, page.Frames...)
				p.note(page.Damage)
				return len(page.Frames), page.Cursor, err
			})
			if err != nil {
				return err
			}
			if len(rows) == 0 && len(args) > 0 {
				if _, err := fetchMaster(c.Context(), p.daemon, args[0]); err != nil {
					return hintAtStrangers(err)
				}
			}
			slices.Reverse(rows) // the newest were asked for; the oldest of them comes first
			p.tellDamage(p.damage)
			if p.flags.asJSON {
				return a.sayJSON(rows)
			}
			a.framesTable(rows)
			now := 0
			for i := range rows {
				if rows[i].Error == "" {
					now++
				}
			}
			if len(rows) == 0 {
				a.complain("every frame of this span could be read when it came (--since %s)", p.flags.since)
				return nil
			}
			a.say("%d of %d %s can be read now", now, len(rows), plural(len(rows), "frame"))
			return nil
		},
	}
	c.Flags().StringVar(&p.flags.since, "since", "7d", "beginning, or how long ago")
	c.Flags().IntVar(&p.flags.limit, "limit", 1000, "maximum frames, the newest ones")
	c.Flags().BoolVar(&p.flags.asJSON, "json", false, "print JSON")
	return a.listingFlags(a.daemonFlags(c))
}
