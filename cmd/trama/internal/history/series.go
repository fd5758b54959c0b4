package history

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"trama/journal"
)

// Point is one value at one time.
type Point struct {
	Position uint64    `json:"position"`
	Received time.Time `json:"received"`
	Device   time.Time `json:"device_time,omitzero"`
	Field    string    `json:"field"`
	Value    any       `json:"value"` // number, text, or null where the device said that it has none
	Unit     string    `json:"unit,omitempty"`

	Number  float64 `json:"-"`
	Numeric bool    `json:"-"`
}

// Bucket is what the numbers of one field were in a span of time.
type Bucket struct {
	From  time.Time `json:"from"` // its beginning; buckets are whole multiples of their length since 1970
	Field string    `json:"field"`
	Unit  string    `json:"unit,omitempty"`
	Count int       `json:"count"`
	Min   float64   `json:"min"`
	Mean  float64   `json:"mean"`
	Max   float64   `json:"max"`
	Last  float64   `json:"last"`
}

// Series asks for values of one master.
type Series struct {
	journal.Query
	Field string // empty: every field that is shown as a value
}

// page is how many frames are read at once; MaxBuckets bounds an answer.
const (
	page       = 10_000
	MaxBuckets = 100_000
)

// Points returns up to s.Limit values, the position to go on behind (0: there is nothing more), and what of the journal is damaged.
func (r *Reader) Points(ctx context.Context, s Series) (points []Point, next uint64, damage []journal.Damage, err error) {
	points = []Point{}
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
			if len(points) >= limit {
				return points, q.After, damage, nil
			}
			points = r.points(ctx, f, s.Field, points)
			q.After = f.Seq
		}
		if len(p.Frames) < q.Limit {
			return points, 0, damage, nil
		}
	}
}

// points appends the values of one frame.
func (r *Reader) points(ctx context.Context, f *journal.Frame, field string, to []Point) []Point {
	row := r.Row(ctx, f)
	for _, v := range row.Named {
		if field != "" && v.Name != field {
			continue
		}
		to = append(to, Point{Position: f.Seq, Received: f.Received, Device: f.Device, Field: v.Name, Value: v.Value, Unit: v.Unit, Number: v.Number, Numeric: v.Numeric})
	}
	return to
}

// Buckets gathers the numbers of a series into spans of the given length, by the time of receipt, oldest first.
func (r *Reader) Buckets(ctx context.Context, s Series, length time.Duration) (buckets []Bucket, damage []journal.Damage, err error) {
	if length < time.Second {
		return nil, nil, fmt.Errorf("a bucket of %s: 1s is the shortest", length)
	}
	type slot struct {
		at    int64
		field string
	}
	sums := map[slot]*Bucket{}
	q := s.Query
	q.Newest, q.Limit = false, page
	var points []Point
	for {
		p, err := r.source.Frames(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		damage = append(damage, p.Damage...)
		for i := range p.Frames {
			points = r.points(ctx, &p.Frames[i], s.Field, points[:0])
			for _, v := range points {
				if !v.Numeric || math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
					continue
				}
				k := slot{v.Received.UnixNano() / int64(length), v.Field}
				b := sums[k]
				if b == nil {
					if len(sums) == MaxBuckets {
						return nil, nil, fmt.Errorf("more than %d buckets: choose longer ones, or a shorter time", MaxBuckets)
					}
					b = &Bucket{From: time.Unix(0, k.at*int64(length)).UTC(), Field: v.Field, Unit: v.Unit, Min: v.Number, Max: v.Number}
					sums[k] = b
				}
				b.add(v.Number)
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
		return strings.Compare(a.Field, b.Field)
	})
	return buckets, damage, nil
}

func (b *Bucket) add(v float64) {
	b.Count++
	b.Min, b.Max, b.Last = min(b.Min, v), max(b.Max, v), v
	b.Mean += (v - b.Mean) / float64(b.Count)
}
