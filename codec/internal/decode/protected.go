package decode

import (
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/protect"
)

// closed finds whether data begins with a protected frame of n bytes that travels in d; weak: suites 10 and 11 count.
func closed(p *program.Program, d field.Direction, data []byte, weak bool) (n int, v program.Verdict) {
	n, whole := p.Security.Find(data)
	switch {
	case n == 0, !weak && p.Security.Weak(data):
		return 0, program.Refused
	case !whole:
		return 0, program.Incomplete
	}
	if h := p.Security.Head(data[:n]); h.Suite.SaysWay() && d != field.Any && h.Server != (d == field.Downlink) {
		return 0, program.Refused // an echo
	}
	return n, program.Complete
}

// Open opens the closed frame f and decodes the plain one.  After protect.ErrTag f is as it was; after another error it is the
// plain frame, without a message unless the error is that of f.Unreadable.
func Open(p *program.Program, f *frame.Frame, by *protect.Opening) error {
	way, o := f.Way, *by
	o.Server = way == field.Downlink
	opened, err := f.Open(&o)
	if err != nil && way == field.Any {
		o.Server = true
		opened, err = f.Open(&o)
	}
	if err != nil {
		return err
	}
	if way == field.Any && opened.Suite != protect.None {
		way = field.Uplink
		if opened.Server {
			way = field.Downlink
		}
	}
	if err = Decode(p, way, opened.Plain, f); err != nil && err != f.Unreadable() {
		f.Reset(p, way)
		f.Data, f.Wire, f.Decoded = opened.Plain, opened.Plain, true
	}
	f.Opened = opened
	return err
}
