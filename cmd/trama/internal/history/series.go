package history

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"trama/actors"
	"trama/codec"
	"trama/journal"
)

// Bucket is what the numbers of one point were in a span of time.
type Bucket struct {
	From  time.Time `json:"from"` // its beginning; buckets are whole multiples of their length since 1970
	Point string    `json:"point"`
	Unit  string    `json:"unit,omitempty"`
	Count int       `json:"count"`
	Min   float64   `json:"min"`
	Mean  float64   `json:"mean"`
	Max   float64   `json:"max"`
	Last  float64   `json:"last"`

	at time.Time // of Last
}

// Series asks for values of one master.
type Series struct {
	journal.Query
	Point string // its name, or what the operator calls it; empty: all
}

// page is how many frames are read at once; MaxBuckets bounds an answer.
const (
	page       = 10_000
	MaxBuckets = 100_000
)

// Samples returns up to s.Limit samples, whole frames of them, the position to go on behind (0: there is nothing more),
// and what of the journal is damaged.  More are returned when the last frame brings them.
func (r *Reader) Samples(ctx context.Context, s Series) (samples []actors.Sample, next uint64, damage []journal.Damage, err error) {
	samples = []actors.Sample{}
	limit := s.Limit
	if limit <= 0 {
		limit = journal.DefaultLimit
	}
	q := s.Query
	q.Limit = min(limit, page)
	for {
		p, err := r.source.Frames(ctx, q)
		if err != nil {
			return nil, 0, nil, err
		}
		damage = append(damage, p.Damage...)
		for i := range p.Frames {
			f := &p.Frames[i]
			if len(samples) >= limit {
				return samples, q.After, damage, nil
			}
			begun := len(samples)
			samples = r.samples(ctx, f, s.Point, samples)
			if s.Newest {
				slices.Reverse(samples[begun:])
			}
			q.After = f.Seq
		}
		if len(p.Frames) < q.Limit {
			return samples, 0, damage, nil
		}
	}
}

// samples appends those of one frame.
func (r *Reader) samples(ctx context.Context, f *journal.Frame, point string, to []actors.Sample) []actors.Sample {
	for _, s := range r.read(ctx, f, false).Samples {
		if point == "" || s.Name == point || s.Title == point {
			to = append(to, s)
		}
	}
	return to
}

// Buckets gathers the numbers of a series into spans of the given length, by the samples' own times, oldest first.
// Samples that were buffered may have come after the span.  Samples that are implausible or missing are left out and
// counted.
func (r *Reader) Buckets(ctx context.Context, s Series,
	length time.Duration) (buckets []Bucket, leftOut int, damage []journal.Damage, err error) {
	if length < time.Second {
		return nil, 0, nil, fmt.Errorf("a bucket of %s: 1s is the shortest", length)
	}
	type slot struct {
		at    int64
		point string
	}
	sums := map[slot]*Bucket{}
	q := s.Query
	q.Newest, q.Limit, q.Until = false, page, time.Time{} // no sample is younger than its frame, some are older
	var samples []actors.Sample
	for {
		p, err := r.source.Frames(ctx, q)
		if err != nil {
			return nil, 0, nil, err
		}
		damage = append(damage, p.Damage...)
		for i := range p.Frames {
			samples = r.samples(ctx, &p.Frames[i], s.Point, samples[:0])
			for _, v := range samples {
				x, number := v.Plain.Number()
				at := v.When()
				if !s.Since.IsZero() && at.Before(s.Since) || !s.Until.IsZero() && !at.Before(s.Until) {
					continue
				}
				if v.Quality == codec.Implausible.String() || v.Quality == codec.Missing.String() {
					leftOut++
					continue
				}
				if !number {
					continue
				}
				k := slot{at.UnixNano() / int64(length), v.Name}
				b := sums[k]
				if b == nil {
					if len(sums) == MaxBuckets {
						return nil, 0, nil, fmt.Errorf("more than %d buckets: choose longer ones, or a shorter time", MaxBuckets)
					}
					b = &Bucket{From: time.Unix(0, k.at*int64(length)).UTC(), Point: v.Name, Unit: v.Unit, Min: x, Max: x}
					sums[k] = b
				}
				b.add(x, at)
			}
		}
		if len(p.Frames) < q.Limit {
			break
		}
		q.After = p.Next
	}
	buckets = make([]Bucket, 0, len(sums))
	for _, b := range sums {
		buckets = append(buckets, *b)
	}
	slices.SortFunc(buckets, func(a, b Bucket) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return strings.Compare(a.Point, b.Point)
	})
	return buckets, leftOut, damage, nil
}

func (b *Bucket) add(v float64, at time.Time) {
	b.Count++
	b.Min, b.Max = min(b.Min, v), max(b.Max, v)
	if !at.Before(b.at) {
		b.Last, b.at = v, at
	}
	b.Mean += (v - b.Mean) / float64(b.Count)
}
