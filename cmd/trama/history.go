package main

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
)

// historyFlags are what `trama history` is asked.
type historyFlags struct {
	since, until, field, format, bucket string
	limit                               int
	newest, asJSON                      bool
}

var historyFormats = []string{"table", "csv", "json", "plot"}

func (a *app) historyCommand() *cobra.Command {
	f := historyFlags{}
	c := &cobra.Command{
		Use: "history SERIAL", Short: "Show the past of a master: its frames, or the values of one field", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "history shows what the journal has of a master.  Without --field each frame is a row; with it each value is, or with --bucket\n" +
			"minimum, mean and maximum of each span of time.  Moments are how long ago (24h, 7d), a date (2026-11-24, \"2026-11-24 14:30\") or RFC 3339.",
		Example: "  trama history 12345678 --since 24h --field MS --format plot\n  trama history 12345678 --since 7d --field MS --bucket 1h --format csv",
		RunE: func(c *cobra.Command, args []string) error {
			if f.asJSON {
				f.format = "json"
			}
			return a.history(c, args[0], f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.since, "since", "24h", "beginning, or how long ago")
	flags.StringVar(&f.until, "until", "", "end, not included (default: now)")
	flags.StringVar(&f.field, "field", "", "`name` of the value")
	flags.StringVar(&f.bucket, "bucket", "", "length of the spans that values are gathered in, such as 5m")
	flags.StringVar(&f.format, "format", "table", "table, csv, json or plot")
	flags.IntVar(&f.limit, "limit", 0, "rows at the most, the newest ones (default: all)")
	flags.BoolVar(&f.newest, "newest", false, "newest first")
	flags.BoolVar(&f.asJSON, "json", false, "the same as --format json")
	return a.daemonFlags(c)
}

func (a *app) history(c *cobra.Command, serial string, f historyFlags) error {
	switch {
	case !slices.Contains(historyFormats, f.format):
		return usageError{fmt.Errorf("--format: found %q, expected one of %s", f.format, strings.Join(historyFormats, ", "))}
	case f.format == "plot" && f.field == "":
		return usageError{fmt.Errorf("--format plot needs --field: one value is drawn")}
	case f.limit < 0:
		return usageError{fmt.Errorf("--limit: found %d, allowed 0 (all) and more", f.limit)}
	}
	for _, m := range []struct{ name, text string }{{"since", f.since}, {"until", f.until}} {
		if _, err := history.ParseTime(m.text, time.Now()); err != nil {
			return usageError{fmt.Errorf("--%s: %w", m.name, err)}
		}
	}
	daemon, err := a.client()
	if err != nil {
		return err
	}
	p := past{app: a, daemon: daemon, path: "/api/v1/masters/" + url.PathEscape(serial), flags: f}
	switch {
	case f.format == "plot":
		return p.plot(c.Context())
	case f.field != "" || f.bucket != "":
		return p.values(c.Context())
	}
	return p.frames(c.Context())
}

// framesTable prints frames as rows; those that are damaged are told after them.
func (a *app) framesTable(rows []history.Row) {
	a.table("RECEIVED\tDEVICE TIME\tLISTENER\tCONN\tMESSAGE\tNUMBER\tVALUES\tFRAME", len(rows), func(i int) []any {
		r := rows[i]
		said := valuesText(r)
		if r.Error != "" {
			said = strings.TrimPrefix(said+"; "+r.Error, "; ")
		}
		return []any{moment(r.Received), moment(r.Device), r.Listener, r.Connection, dash(r.Message), number(r.Transaction), dash(said), r.Frame}
	})
}

func valuesText(r history.Row) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		v := r.Values[name]
		text := "-"
		if v.Value != nil {
			text = short(v.Value)
		}
		if v.Unit != "" {
			text += " " + v.Unit
		}
		words = append(words, name+"="+text)
	}
	return strings.Join(words, " ")
}

// moment is a time as tables show it, in the zone of who looks.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
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
		if err := w.Write(row(i)); err != nil {
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

func (a *app) frameCSV(rows []history.Row) error {
	return a.csvRows([]string{"position", "received", "device_time", "listener", "connection", "master", "profile", "message", "command", "transaction", "values", "frame"}, len(rows), func(i int) []string {
		r := rows[i]
		transaction := ""
		if r.Transaction != nil {
			transaction = strconv.FormatUint(*r.Transaction, 10)
		}
		return []string{strconv.FormatUint(r.Position, 10), csvTime(r.Received), csvTime(r.Device), r.Listener, strconv.FormatUint(r.Connection, 10), r.Master, r.Profile,
			r.Message, r.Command, transaction, valuesText(r), r.Frame}
	})
}

func (a *app) valueOutput(v admin.Values, format string) error {
	switch {
	case format == "json":
		return a.sayJSON(v)
	case v.Bucket != "" && format == "csv":
		return a.csvRows([]string{"from", "field", "unit", "count", "min", "mean", "max", "last"}, len(v.Buckets), func(i int) []string {
			b := v.Buckets[i]
			return []string{csvTime(b.From), b.Field, b.Unit, strconv.Itoa(b.Count), decimal(b.Min), decimal(b.Mean), decimal(b.Max), decimal(b.Last)}
		})
	case v.Bucket != "":
		a.table("FROM\tFIELD\tCOUNT\tMIN\tMEAN\tMAX\tLAST\tUNIT", len(v.Buckets), func(i int) []any {
			b := v.Buckets[i]
			return []any{moment(b.From), b.Field, b.Count, decimal(b.Min), decimal(b.Mean), decimal(b.Max), decimal(b.Last), b.Unit}
		})
	case format == "csv":
		return a.csvRows([]string{"position", "received", "device_time", "field", "value", "unit"}, len(v.Points), func(i int) []string {
			p := v.Points[i]
			text := ""
			if p.Value != nil {
				text = fmt.Sprint(p.Value)
			}
			return []string{strconv.FormatUint(p.Position, 10), csvTime(p.Received), csvTime(p.Device), p.Field, text, p.Unit}
		})
	default:
		a.table("RECEIVED\tDEVICE TIME\tFIELD\tVALUE\tUNIT", len(v.Points), func(i int) []any {
			p := v.Points[i]
			text := "-"
			if p.Value != nil {
				text = short(p.Value)
			}
			return []any{moment(p.Received), moment(p.Device), p.Field, text, p.Unit}
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
