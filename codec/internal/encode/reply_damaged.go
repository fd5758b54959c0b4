package encode

import (
	"slices"

	"trama/codec/internal/decode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// ReplyDamaged appends the reply of the definition to a damaged frame; see Profile.ReplyDamaged.
func ReplyDamaged(p *program.Program, dst []byte, d field.Direction, raw []byte, env Env) (out []byte, due bool, err error) {
	if !slices.ContainsFunc(p.Replies, func(r program.ReplyRule) bool { return r.Damaged }) {
		return dst, false, nil
	}
	m := decode.Walkers.Get().(*decode.Walker)
	defer func() {
		m.F, m.Sink, m.Near = nil, nil, nil
		decode.Walkers.Put(m)
	}()
	for at := range raw {
		sums := &wrongSums{}
		m.Sink = sums
		n, v := decode.Try(p, m, d, nil, raw[at:], true)
		if v != program.Complete || !sums.any {
			continue
		}
		var f frame.Frame
		if _, v := decode.Try(p, m, d, &f, raw[at:at+n], true); v != program.Complete {
			continue
		}
		if f.Wire = raw[at : at+n]; d == field.Any {
			f.Way = f.Body.Direction
		}
		f.Decoded = true
		rule := ruleFor(p, &f, true, env.Waiting)
		if rule == nil {
			return dst, false, nil
		}
		out, err = reply(p, rule, dst, &f, env)
		return out, err == nil, err
	}
	return dst, false, nil
}

// wrongSums is a sink that lets frames with wrong checksums through.
type wrongSums struct {
	decode.Silent
	any bool
}

func (s *wrongSums) Sum(_ *decode.Walker, _ *scalar.Op, c decode.SumFound) bool {
	s.any = s.any || c.Found != c.Computed
	return true
}
