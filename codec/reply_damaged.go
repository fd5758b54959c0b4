package codec

import "slices"

// replyDamaged appends the reply of the definition to a damaged frame ([[reply]] with damaged = true).  raw is bytes
// that framing has skipped; the first frame in them counts whose marks and length are right and whose checksum is
// wrong.  due is false, and dst as it was, when there is none, or no reply to it.  Fields of the frame can be echoed,
// though they may be what is damaged.  Who calls it bounds how often: a peer may send as many damaged frames as it likes.
func (p *program) replyDamaged(dst []byte, d Direction, raw []byte, env Env) (out []byte, due bool, err error) {
	if !slices.ContainsFunc(p.replies, func(r replyRule) bool { return r.damaged }) {
		return dst, false, nil
	}
	m := machines.Get().(*machine)
	defer func() {
		m.f, m.sink, m.near = nil, nil, nil
		machines.Put(m)
	}()
	for at := range raw {
		sums := &wrongSums{}
		m.sink = sums
		n, v := p.try(m, d, nil, raw[at:], true)
		if v != whole || !sums.any {
			continue
		}
		var f Frame
		if _, v := p.try(m, d, &f, raw[at:at+n], true); v != whole {
			continue
		}
		if f.raw = raw[at : at+n]; d == Any {
			f.direction = f.layout.direction
		}
		f.decoded = true
		rule := damagedRule(p, &f)
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
	silent
	any bool
}

func (s *wrongSums) sum(_ *machine, _ *op, c sumFound) bool {
	s.any = s.any || c.found != c.computed
	return true
}
