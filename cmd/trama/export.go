package main

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
)

func (a *app) exportCommand() *cobra.Command {
	var since, until, serial string
	c := &cobra.Command{
		Use: "export FILE", Short: "Write frames and samples of a span of time to a file: .csv, .db (SQLite), or - for CSV", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "export writes what was received in a span of time, of one master or of all; samples may be older than\n" +
			"their frames.  CSV has a row for each sample; a database has the tables frame and sample.  The file must not exist yet, and is there only when it is whole.",
		Example: "  trama export november.db --since 2026-11-01 --until 2026-12-01\n  trama export - --since 1h --serial 12345678",
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.checkSpan(since, until); err != nil {
				return err
			}
			daemon, err := a.client()
			if err != nil {
				return err
			}
			to, err := a.exporter(args[0])
			if err != nil {
				return err
			}
			p := past{app: a, daemon: daemon, flags: historyFlags{since: since, until: until}}
			path := "/api/v1/frames"
			if serial != "" {
				path = "/api/v1/masters/" + url.PathEscape(serial) + "/frames"
			}
			n := 0
			err = p.pages(c.Context(), path, p.query(), func(text json.RawMessage) (int, string, error) {
				var page admin.Frames
				if err := decodeNumbers(text, &page); err != nil {
					return 0, "", err
				}
				p.note(page.Damage)
				for i := range page.Frames {
					if err := to.Add(page.Frames[i]); err != nil {
						return 0, "", err
					}
				}
				n += len(page.Frames)
				return len(page.Frames), page.Cursor, nil
			})
			if err != nil {
				to.Abort()
				return err
			}
			if err := to.Close(); err != nil {
				return err
			}
			p.tellDamage(p.damage)
			if n == 0 {
				p.tellNothing()
			}
			a.complain("%d frames exported", n)
			return nil
		},
	}
	c.Flags().StringVar(&since, "since", "24h", "beginning of when frames were received, or how long ago")
	c.Flags().StringVar(&until, "until", "", "end, not included (default: now)")
	c.Flags().StringVar(&serial, "serial", "", "only this master")
	return a.daemonFlags(c)
}

func (a *app) exporter(file string) (history.Exporter, error) {
	switch {
	case file == "-":
		return history.NewCSV(a.stdout)
	case strings.HasSuffix(file, ".csv"):
		return history.NewCSVFile(file)
	case strings.HasSuffix(file, ".db"), strings.HasSuffix(file, ".sqlite"):
		return history.NewSQLiteFile(file)
	}
	return nil, usageError{errors.New("found " + file + ", expected a name that ends with .csv, .db or .sqlite, or - for CSV on standard output")}
}
