package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
	"trama/cmd/trama/internal/terminal"
	"trama/internal/words"
)

// historyFlags are what `trama history` is asked.
type historyFlags struct {
	since, until, point, format, bucket string
	limit                               int
	newest, frames, asJSON              bool
}

var historyFormats = []string{"table", "csv", "json", "plot"}

func (a *app) historyCommand() *cobra.Command {
	f := historyFlags{}
	c := &cobra.Command{
		Use: "history SERIAL", Short: "Show the past of a master: its samples, its frames, or one point",
		Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "history shows what the journal has of a master, a row for each sample and for each frame that has none; with --frames a row for each\n" +
			"frame; with --point the samples of one point, or with --bucket minimum, mean and maximum of each span of time.\n" +
			"Frames are chosen by when they were received, and spans and plots by the times of samples: a master may have buffered them.\n" +
			"Moments are how long ago (24h, 7d), a date (2026-11-24, \"2026-11-24 14:30\") or RFC 3339.",
		Example: "  trama history 12345678 --since 24h --point MS/1/1 --format plot\n  trama history 12345678 --since 7d --point MS/1/1 --bucket 1h --format csv",
		RunE: func(c *cobra.Command, args []string) error {
			if f.asJSON {
				f.format = "json"
			}
			return a.history(c, args[0], f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.since, "since", "24h", "beginning of when frames were received (--bucket, plot: of the times of samples), or how long ago")
	flags.StringVar(&f.until, "until", "", "end, not included (default: now)")
	flags.StringVar(&f.point, "point", "", "`name` of the point")
	flags.StringVar(&f.point, "field", "", "the same as --point")
	flags.StringVar(&f.bucket, "bucket", "", "`size` of the spans that samples are gathered in, such as 5m")
	flags.StringVar(&f.format, "format", "table", "table, csv, json or plot")
	flags.IntVar(&f.limit, "limit", 0, "maximum frames, or with --point values, the newest ones (default: all)")
	flags.BoolVar(&f.frames, "frames", false, "a row for each frame, with its bytes")
	flags.BoolVar(&f.newest, "newest", false, "newest first")
	flags.BoolVar(&f.asJSON, "json", false, "the same as --format json")
	return a.listingFlags(a.daemonFlags(c))
}

func (a *app) history(c *cobra.Command, serial string, f historyFlags) error {
	switch {
	case !slices.Contains(historyFormats, f.format):
		return usageError{fmt.Errorf("--format: %w", words.OneOf(f.format, historyFormats))}
	case f.format == "plot" && f.point == "":
		return usageError{fmt.Errorf("--format plot needs --point: one is drawn")}
	case f.limit < 0:
		return usageError{fmt.Errorf("--limit: found %d, allowed 0 (all) and more", f.limit)}
	}
	if err := a.checkSpan(f.since, f.until); err != nil {
		return err
	}
	daemon, err := a.client()
	if err != nil {
		return err
	}
	p := past{app: a, daemon: daemon, path: "/api/v1/masters/" + url.PathEscape(serial), flags: f}
	switch {
	case f.format == "plot":
		return p.plot(c.Context())
	case f.point != "" || f.bucket != "":
		return p.values(c.Context())
	}
	return p.frames(c.Context())
}

// framesTable prints frames as rows; those that are damaged are told after them.
func (a *app) framesTable(rows []history.Row) {
	a.table("RECEIVED\tDEVICE TIME:4\tLISTENER:5\tCONN:6\tMESSAGE\tNUMBER:3\tVALUES\tFRAME:2\tPROTECTION:1?", len(rows), func(i int) []any {
		r := rows[i]
		said := valuesText(r)
		if r.Error != "" {
			said = strings.TrimPrefix(said+"; "+r.Error, "; ")
		}
		return []any{r.Received, r.Device, r.Listener, r.Connection, r.Message, r.Transaction, said, r.Frame, r.Protection.String()}
	})
}

// samplesTable prints samples as rows, and frames that have none or cannot be read.
func (a *app) samplesTable(rows []history.Row) {
	var cells [][]any
	for _, r := range rows {
		protection := r.Protection.String()
		if len(r.Samples) == 0 || r.Error != "" {
			cells = append(cells, []any{r.Position, nil, r.Received, r.Device, r.Message, nil, nil, nil, r.Error, protection})
		}
		for _, s := range r.Samples {
			cells = append(cells, []any{r.Position, s.Index, r.Received, time.Time(s.Device), r.Message, s.Name, figure(s.Value), s.Unit,
				terminal.State(s.Quality), protection})
		}
	}
	a.table("POSITION:5\tINDEX:6\tRECEIVED\tDEVICE TIME:4\tMESSAGE:3\tPOINT\tVALUE\tUNIT:1\tQUALITY\tPROTECTION:2?", len(cells),
		func(i int) []any { return cells[i] })
}

func valuesText(r history.Row) string {
	var words []string
	for _, s := range r.Samples {
		words = append(words, s.Name+"="+quantity(s.Value, s.Unit))
	}
	return strings.Join(words, " ")
}

func (a *app) tellDamage(damage []string) {
	for _, d := range damage {
		a.complain("damaged: %s", d)
	}
}

// csvRows writes rows with a heading.
func (a *app) csvRows(heading []string, n int, row func(i int) []string) error {
	w := csv.NewWriter(a.stdout)
	if err := w.Write(heading); err != nil {
		return err
	}
	for i := range n {
		if err := w.Write(terminal.Cells(row(i))); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (a *app) valueOutput(v admin.Values, format string) error {
	switch {
	case format == "json":
		return a.sayJSON(v)
	case v.Bucket != "" && format == "csv":
		return a.csvRows([]string{"from", "point", "unit", "count", "min", "mean", "max", "last"}, len(v.Buckets),
			func(i int) []string {
				b := v.Buckets[i]
				return []string{csvTime(b.From), b.Point, b.Unit, strconv.Itoa(b.Count), decimal(b.Min), decimal(b.Mean),
					decimal(b.Max), decimal(b.Last)}
			})
	case v.Bucket != "":
		a.table("FROM\tPOINT\tCOUNT:3\tMIN\tMEAN\tMAX\tLAST:1\tUNIT:2", len(v.Buckets), func(i int) []any {
			b := v.Buckets[i]
			return []any{b.From, b.Point, b.Count, json.Number(decimal(b.Min)), json.Number(decimal(b.Mean)), json.Number(decimal(b.Max)),
				json.Number(decimal(b.Last)), b.Unit}
		})
	case format == "csv":
		return a.csvRows([]string{"position", "index", "received", "device_time", "point", "value", "label", "unit",
			"quality", "title"}, len(v.Samples), func(i int) []string {
			s := v.Samples[i]
			value, label := history.Plain(s.Value)
			text := ""
			if value != nil {
				text = fmt.Sprint(value)
			}
			return []string{strconv.FormatUint(s.Position, 10), strconv.Itoa(s.Index), csvTime(time.Time(s.Received)),
				csvTime(time.Time(s.Device)), s.Name, text, label, s.Unit, s.Quality, s.Title}
		})
	default:
		a.table("RECEIVED:3\tDEVICE TIME\tPOINT\tVALUE\tUNIT:1\tQUALITY:2", len(v.Samples), func(i int) []any {
			s := v.Samples[i]
			return []any{time.Time(s.Received), time.Time(s.Device), s.Name, figure(s.Value), s.Unit, terminal.State(s.Quality)}
		})
	}
	return nil
}

// decimal is a number as short as it reads back.
func decimal(v float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 8, 64), 64)
	if abs := math.Abs(short); err != nil || abs != 0 && abs < 1e-12 || abs >= 1e21 {
		return strconv.FormatFloat(v, 'g', 8, 64)
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}
