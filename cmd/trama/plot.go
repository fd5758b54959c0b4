package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/history"
	"trama/cmd/trama/internal/terminal"
)

// Size of a plot, in characters; each holds two columns and four rows of dots.
const (
	plotWidth = 86 // with the labels of its axis, where no terminal says how wide it is
	plotRows  = 16
)

// plot draws the samples of one point.
func (p *past) plot(ctx context.Context) error {
	screen := p.screen()
	now := time.Now().In(screen.Zone)
	width := cmp.Or(screen.Width, plotWidth)
	dots := fmt.Sprint(width * 2)
	since, _ := history.ParseTime(p.flags.since, now) // the flags have been checked
	until, _ := history.ParseTime(p.flags.until, now)
	if until.IsZero() {
		until = now
	}
	if !since.Before(until) {
		return usageError{fmt.Errorf("--since %s is not before --until %s", p.flags.since, p.flags.until)}
	}
	p.flags.since, p.flags.until, p.flags.bucket = since.Format(time.RFC3339Nano), until.Format(time.RFC3339Nano), ""
	all, err := p.series(ctx, "points", dots)
	if err != nil {
		return err
	}
	for length := until.Sub(since); len(all.Buckets) > 0; { // the axis is as long as there is data
		since, until = extent(all)
		fine := max((until.Sub(since) / time.Duration(width*2)).Round(time.Second), time.Second)
		if until.Sub(since) > length/2 || fine.String() == all.Bucket {
			break
		}
		length = until.Sub(since)
		if all, err = p.series(ctx, "bucket", fine.String()); err != nil {
			return err
		}
	}
	p.tellDamage(p.damage)
	p.tellLeftOut(all)
	if len(all.Buckets) == 0 {
		if err := p.tellPoints(ctx); err != nil {
			return err
		}
	}
	for _, line := range drawPlot(screen, width, p.flags.point, all.Buckets, since, until) {
		p.show(screen.Line(line))
	}
	return nil
}

// extent is the time from the first bucket to the end of the last one.
func extent(all admin.Values) (first, last time.Time) {
	length, _ := time.ParseDuration(all.Bucket) // the daemon's own text
	return all.Buckets[0].From, all.Buckets[len(all.Buckets)-1].From.Add(length)
}

// drawPlot makes the lines of a plot: a column of dots from minimum to maximum of each bucket.
func drawPlot(screen terminal.Screen, size int, point string, buckets []history.Bucket, since, until time.Time) []string {
	if len(buckets) == 0 {
		return []string{fmt.Sprintf("%s: no numbers from %s to %s", point, screen.Moment(since), screen.Moment(until))}
	}
	lo, hi, count := math.Inf(1), math.Inf(-1), 0
	sum := 0.0
	for _, b := range buckets {
		lo, hi = min(lo, b.Min), max(hi, b.Max)
		count += b.Count
		sum += b.Mean * float64(b.Count)
	}
	low, high := lo, hi
	if low == high { // a flat line stands in the middle
		low, high = low-1, high+1
	}
	labels := map[int]string{0: decimal(high), plotRows / 2: decimal((low + high) / 2), plotRows - 1: decimal(low)}
	gutter := max(len(labels[0]), len(labels[plotRows/2]), len(labels[plotRows-1]))
	columns := max(size-gutter-2, 1) // a blank and the axis
	dots := [plotRows][]rune{}
	for y := range dots {
		dots[y] = slices.Repeat([]rune{brailleBlank}, columns)
	}
	width := until.Sub(since)
	for _, b := range buckets {
		x := int(float64(b.From.Sub(since)) / float64(width) * float64(columns*2))
		x = min(max(x, 0), columns*2-1)
		from, to := plotLine(b.Max, low, high), plotLine(b.Min, low, high)
		for y := from; y <= to; y++ {
			dots[y/4][x/2] |= brailleDots[y%4][x%2] // the blank has no bit of a dot
		}
	}
	unit := buckets[0].Unit
	lines := []string{
		fmt.Sprintf("%s%s  %s to %s", point, bracketed(unit), screen.Moment(since), screen.Moment(until)),
		fmt.Sprintf("min %s  mean %s  max %s  last %s  (%d values)", decimal(lo), decimal(sum/float64(count)), decimal(hi),
			decimal(buckets[len(buckets)-1].Last), count),
	}
	for y := range dots {
		lines = append(lines, fmt.Sprintf("%*s ┤%s", gutter, labels[y], string(dots[y])))
	}
	layout := "2006-01-02"
	switch {
	case width < time.Hour:
		layout = "15:04:05"
	case width < 72*time.Hour:
		layout = "02 15:04"
	}
	first, last := since.In(screen.Zone).Format(layout), until.In(screen.Zone).Format(layout)
	return append(lines, fmt.Sprintf("%*s  %s%*s", gutter, "", first, columns-len(first), last))
}

// plotLine is the row of dots of a value, from the top.
func plotLine(v, low, high float64) int {
	const rows = plotRows * 4
	return min(max(int(math.Round((high-v)/(high-low)*(rows-1))), 0), rows-1)
}

func bracketed(unit string) string {
	if unit == "" {
		return ""
	}
	return " [" + unit + "]"
}

// brailleBlank is a braille character without its dots: two columns, four rows (Unicode, block 2800).
const brailleBlank = '\u2800'

var brailleDots = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}
