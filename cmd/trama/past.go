package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
	"trama/cmd/trama/internal/terminal"
	"trama/internal/words"
	"trama/journal"
)

// past asks the daemon for one master's past, page by page.
type past struct {
	*app
	daemon *client
	path   string // of the master
	flags  historyFlags
	damage []string
}

// pageRows is how many rows are asked for at once.
const pageRows = 10_000

// checkSpan refuses moments that cannot be read, and a span that ends before it begins.
func (a *app) checkSpan(since, until string) error {
	now := time.Now().In(a.screen().Zone)
	from, err := history.ParseTime(since, now)
	if err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	to, err := history.ParseTime(until, now)
	if err != nil {
		return usageError{fmt.Errorf("--until: %w", err)}
	}
	if !to.IsZero() && to.Before(from) {
		return usageError{fmt.Errorf("--until: found %q, which lies before --since %q", until, since)}
	}
	return nil
}

// query is what the flags say, with more.
func (p *past) query(more ...string) url.Values {
	q := url.Values{}
	for _, v := range []struct{ key, value string }{
		{"since", p.flags.since}, {"until", p.flags.until}, {"point", p.flags.point}, {"bucket", p.flags.bucket},
	} {
		if v.value != "" {
			q.Set(v.key, v.value)
		}
	}
	for _, key := range []string{"since", "until"} { // a date is one of the zone that times are shown in, not of the daemon's
		text := q.Get(key)
		if _, err := words.Duration(text); err != nil {
			if t, err := history.ParseTime(text, time.Now().In(p.screen().Zone)); err == nil && !t.IsZero() {
				q.Set(key, t.Format(time.RFC3339Nano))
			}
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return q
}

func (p *past) note(damage []journal.Damage) {
	for _, d := range damage {
		text := d.Where + ": " + d.What
		if !slices.Contains(p.damage, text) {
			p.damage = append(p.damage, text)
		}
	}
}

// backwards says whether pages are to come newest first: only so can the newest rows be had without all the others.
func (p *past) backwards() bool { return p.flags.newest || p.flags.limit > 0 }

// pages calls get for one page after the other until there are no more, or enough rows.
func (p *past) pages(ctx context.Context, path string, q url.Values,
	get func(text json.RawMessage) (rows int, cursor string, err error)) error {
	left := p.flags.limit
	if p.backwards() {
		q.Set("newest", "true")
	}
	for {
		size := pageRows
		if left > 0 {
			size = min(size, left)
		}
		q.Set("limit", strconv.Itoa(size))
		var text json.RawMessage
		if err := p.daemon.get(ctx, path+"?"+q.Encode(), &text); err != nil {
			return err
		}
		n, cursor, err := get(text)
		if err != nil {
			return fmt.Errorf("answer of the daemon: %w", err)
		}
		if left > 0 {
			if left -= n; left <= 0 {
				return nil
			}
		}
		if cursor == "" {
			return nil
		}
		q.Set("cursor", cursor)
	}
}

func (p *past) frames(ctx context.Context) error {
	q := p.query()
	q.Del("point")
	q.Del("bucket")
	out, err := p.output()
	if err != nil {
		return err
	}
	n, late := 0, []history.Row{} // the newest were asked for, and the oldest of them comes first
	err = p.pages(ctx, p.path+"/frames", q, func(text json.RawMessage) (int, string, error) {
		var page admin.Frames
		err := decodeNumbers(text, &page)
		p.note(page.Damage)
		n += len(page.Frames)
		if p.backwards() && !p.flags.newest {
			late = append(late, page.Frames...)
			return len(page.Frames), page.Cursor, err
		}
		return len(page.Frames), page.Cursor, cmp.Or(err, addAll(out, page.Frames))
	})
	if err != nil {
		return err
	}
	slices.Reverse(late)
	if err := addAll(out, late); err != nil {
		return err
	}
	p.tellDamage(p.damage)
	if n == 0 {
		p.tellNothing()
	}
	return out.Close()
}

// rowOutput takes rows one after the other.
type rowOutput interface {
	Add(history.Row) error
	Close() error
}

func addAll(out rowOutput, rows []history.Row) (err error) {
	for i := 0; i < len(rows) && err == nil; i++ {
		err = out.Add(rows[i])
	}
	return err
}

// output is where frames go: JSON and CSV as they come, while a table has to know all its rows.
func (p *past) output() (rowOutput, error) {
	switch {
	case p.flags.format == "json":
		return &jsonRows{app: p.app}, nil
	case p.flags.format == "csv":
		return history.NewCSV(p.stdout)
	case p.flags.frames:
		return &tableRows{show: p.framesTable}, nil
	}
	return &tableRows{show: p.samplesTable}, nil
}

type tableRows struct {
	rows []history.Row
	show func([]history.Row)
}

// Add implements rowOutput.
func (t *tableRows) Add(r history.Row) error {
	t.rows = append(t.rows, r)
	return nil
}

// Close implements rowOutput.
func (t *tableRows) Close() error {
	t.show(t.rows)
	return nil
}

// jsonRows writes the rows of one JSON list, as sayJSON would.
type jsonRows struct {
	*app
	begun bool
}

// Add implements rowOutput.
func (j *jsonRows) Add(r history.Row) error {
	text, err := json.MarshalIndent(r, "  ", "  ")
	if err != nil {
		return err
	}
	before := ",\n  "
	if !j.begun {
		before, j.begun = "[\n  ", true
	}
	_, err = fmt.Fprint(j.stdout, before, string(terminal.JSON(text)))
	return err
}

// Close implements rowOutput.
func (j *jsonRows) Close() error {
	end := "\n]"
	if !j.begun {
		end = "[]"
	}
	j.show(end)
	return nil
}

// series reads the values, or the buckets, that the flags ask for.
func (p *past) series(ctx context.Context, more ...string) (all admin.Values, err error) {
	q := p.query(more...)
	if q.Has("bucket") || q.Has("points") {
		err = p.daemon.get(ctx, p.path+"/values?"+q.Encode(), &all)
		p.note(all.Damage)
		return all, err
	}
	all.Samples = []actors.Sample{}
	err = p.pages(ctx, p.path+"/values", q, func(text json.RawMessage) (int, string, error) {
		var page admin.Values
		err := decodeNumbers(text, &page)
		all.Samples = append(all.Samples, page.Samples...)
		p.note(page.Damage)
		return len(page.Samples), page.Cursor, err
	})
	if p.flags.limit > 0 {
		all.Samples = all.Samples[:min(len(all.Samples), p.flags.limit)]
	}
	if p.backwards() && !p.flags.newest {
		slices.Reverse(all.Samples)
	}
	return all, err
}

func (p *past) values(ctx context.Context) error {
	all, err := p.series(ctx)
	if err != nil {
		return err
	}
	p.tellDamage(p.damage)
	p.tellLeftOut(all)
	if len(all.Samples)+len(all.Buckets) == 0 {
		if err := p.tellPoints(ctx); err != nil {
			return err
		}
	}
	return p.valueOutput(all, p.flags.format)
}

// tellNothing says what the span of an empty answer is one of.
func (p *past) tellNothing() {
	p.complain("nothing was received in this span; what a master has buffered came later than its samples say")
}

// tellLeftOut says how many samples stand in no bucket.
func (p *past) tellLeftOut(all admin.Values) {
	if all.LeftOut > 0 {
		p.complain("%d %s left out: implausible or missing", all.LeftOut, plural(all.LeftOut, "sample"))
	}
}

// tellPoints says why there is nothing of the point that was asked for; that the master has none of this name is an error.
func (p *past) tellPoints(ctx context.Context) error {
	var m actors.MasterInfo
	if p.daemon.get(ctx, p.path, &m) != nil {
		return nil
	}
	known := p.flags.point == ""
	var names []string
	for _, point := range m.Points {
		known = known || point.Name == p.flags.point || point.Title == p.flags.point
		names = append(names, point.Name)
	}
	switch {
	case !known:
		return fmt.Errorf("master %s has no point %q%s", m.Serial, p.flags.point, words.Known(p.flags.point, names))
	case p.flags.bucket == "" && p.flags.format != "plot":
		p.tellNothing()
	default:
		p.complain("no sample has a time in this span")
	}
	return nil
}
