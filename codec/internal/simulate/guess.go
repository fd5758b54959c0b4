package simulate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
)

// GuessScript is how a simulated master behaves as the purposes of the messages suggest, without [simulate].  The error
// says what a guess is not enough for.
func GuessScript(p *program.Program) (*Script, error) {
	s := &Script{p: p, Answers: map[string]*Line{}, Refuse: 1, zone: time.Local}
	for i := range p.Messages {
		m := p.Messages[i]
		if m.From != field.Master {
			continue
		}
		var to **Line
		switch {
		case m.Purpose == field.PurposeMeasurement && s.Measure == nil:
			s.Measure = make([]*Line, 1)
			to = &s.Measure[0]
		case m.Purpose == field.PurposeKeepAlive && s.KeepAlive == nil:
			to = &s.KeepAlive
		case m.Purpose == field.PurposeAnswer && m.Command != "": // one for several commands is the affair of the reply rules
			at := slices.IndexFunc(p.Commands, func(c *field.Message) bool { return c.Command == m.Command })
			if at < 0 {
				continue
			}
			l, err := s.guess(m, p.Commands[at])
			if err != nil {
				return nil, err
			}
			s.Answers[p.Commands[at].Name] = l
			continue
		default:
			continue
		}
		l, err := s.guess(m, nil)
		if err != nil {
			return nil, err
		}
		*to = l
	}
	if s.Measure == nil {
		return nil, fmt.Errorf("profile %s has no measurement that a master sends, and no [simulate] that says what else", p.Name)
	}
	if names := func(m *field.Message) bool { return m.From == field.Master && identifies(p, m) }; !names(s.Measure[0].Message) {
		if i := slices.IndexFunc(p.Messages, names); i >= 0 {
			return nil, fmt.Errorf("profile %s has measurements without identity, and no [simulate] that begins with a login, such as %s",
				p.Name, p.Messages[i].Name)
		}
	}
	return s, nil
}

// identifies reports whether a message says which master it is of.
func identifies(p *program.Program, m *field.Message) (is bool) {
	for _, b := range p.Bodies {
		program.Each(slices.Concat(b.FrameKind.Header, b.Nodes, b.FrameKind.Trailer), func(n *program.Node) {
			for i := n.Op; b.Message == m && i >= 0 && i <= n.Op+n.Parts; i++ {
				is = is || p.Ops[i].Role == field.RoleIdentity
			}
		})
	}
	return is
}

// guess finds a value for every field that a message needs.  An answer has the number of the command.
func (s *Script) guess(m, command *field.Message) (*Line, error) {
	l := &Line{Message: m, fields: map[string]any{}, on: command}
	byKey := map[string]*field.Field{}
	for _, f := range m.Fields {
		byKey[f.Key] = f
		switch f.Role {
		case field.RoleValue:
			l.give(f.Key, plausible(f), f.Kind != field.KindTime)
		case field.RoleAlarm:
			l.fields[f.Key] = 0
		case field.RoleTransaction:
			if command != nil && (&Line{Message: command}).has(f.Key) {
				l.give(f.Key, phrase{{kind: pieceHeard, text: f.Key}}, false)
				if !slices.Contains(s.Hears, f.Key) {
					s.Hears = append(s.Hears, f.Key)
				}
			}
		}
	}
	var err error
	for range len(m.Fields) + 1 {
		if err = s.rehearse(l, rehearsal); err == nil {
			break
		}
		var bad *field.FieldError
		if !errors.As(err, &bad) || byKey[bad.Field] == nil {
			break
		}
		_, given := l.fields[bad.Field]
		switch {
		case given && errors.Is(err, field.ErrUnknownField): // it stands deep inside a list
			delete(l.fields, bad.Field)
			delete(byKey, bad.Field)
		case given || !errors.Is(err, field.ErrMissing):
			return nil, fmt.Errorf("profile %s has no [simulate], and a guess does not do: %w", s.p.Name, err)
		default:
			l.give(bad.Field, plausible(byKey[bad.Field]), byKey[bad.Field].Kind != field.KindTime)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("profile %s has no [simulate], and a guess does not do: %w", s.p.Name, err)
	}
	for _, f := range m.Fields {
		if _, given := l.fields[f.Key]; f.Role == field.RoleValue && given {
			s.vary(l, f)
		}
	}
	return l, nil
}

// plausible is a value that a field takes.
func plausible(f *field.Field) any {
	switch f.Kind {
	case field.KindUint, field.KindInt, field.KindFloat:
		if f.Min <= 1 && 1 <= f.Max || f.Min == f.Max {
			return 1
		}
		return f.Min
	case field.KindDigits, field.KindText:
		text := make([]byte, max(f.Size, 1))
		for i := range text {
			text[i] = '1'
		}
		return string(text)
	case field.KindTime:
		return phrase{{kind: pieceNow}}
	}
	return []byte{}
}

// vary lets a measured field wander about 20, as finely as it takes.
func (s *Script) vary(l *Line, f *field.Field) {
	low, high := 15.0, 25.0
	if f.Min < f.Max {
		low = min(max(low, f.Min), f.Max)
		high = max(min(high, f.Max), f.Min)
	}
	constant := l.fields[f.Key]
	for i, step := range []float64{0.01, 0.1, 1, 10} {
		taken := true
		for _, at := range []float64{low, high, low + step, low + 3*step} { // two of them are multiples of nothing coarser
			l.fields[f.Key] = fmt.Sprintf("%.*f", max(2-i, 0), min(at, high))
			taken = taken && s.rehearse(l, rehearsal) == nil
		}
		if taken {
			delete(l.fields, f.Key)
			l.varying = append(l.varying, varyingField{f.Key,
				phrase{{kind: pieceWalk, low: low, high: high, step: step, decimals: max(2-i, 0), walk: s.walks}}})
			s.walks++
			return
		}
	}
	l.fields[f.Key] = constant // it keeps the value that was found for it
}
