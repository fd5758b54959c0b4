package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
)

// names looks at what messages, replies and answers expect of each other, and at what lets noise in.
func (v *inspection) names() {
	sent := map[string]bool{}       // keys of fields that a master sends
	remembered := map[string]bool{} // with remember
	v.fields(func(s *program.Body, n *program.Node, o *scalar.Op) {
		if s.Direction != field.Downlink {
			sent[o.Field.Key] = true
			remembered[o.Field.Key] = remembered[o.Field.Key] || o.Flags&scalar.FlagRemember != 0
		}
	})
	v.fields(func(s *program.Body, n *program.Node, o *scalar.Op) {
		if o.Flags&scalar.FlagRemember != 0 && !remembered[o.Field.Key] {
			v.Add(schema.SeverityWarning, "remember", n.Path, fmt.Sprintf("%s remembered, which nothing fills", o.Field.Key),
				"remember on the field of that name that a master sends, too")
		}
	})
	for list, pairs := range map[string][][2]string{"by": v.g.Answers, "same": v.g.Same} {
		for i, pair := range pairs {
			if key, _, _ := strings.Cut(pair[1], "."); !sent[key] && !sent[pair[1]] {
				text := fmt.Sprintf("%q, which no frame of a master has", pair[1])
				v.Add(schema.SeverityError, "answer", fmt.Sprintf("answer.%s[%d]", list, i), text, "a field that the answers have")
			}
		}
	}
	for i, r := range v.g.Replies {
		for _, set := range r.Sets {
			if set.Count && set.Value != nil && !v.counts(r.Send, set.Key) {
				path := fmt.Sprintf("reply[%d].set.%s", i, set.Key)
				v.Add(schema.SeverityError, "counter", path, `"counter" for `+set.Key, "a field with counter = true")
			}
		}
	}
	var loose, silent []string
	first, firstSilent := "", ""
	told := slices.ContainsFunc(v.g.Messages, func(m *field.Message) bool { return m.From != field.Anyone })
	for _, f := range v.g.Kinds {
		if !v.guarded(f) {
			text := "a kind of frame without constant, mark or checksum: it takes noise for frames"
			v.Add(schema.SeverityNote, "noise", f.Path, text, "")
		}
		for _, s := range f.Bodies {
			m := s.Message
			if m.From == field.Anyone && m.Purpose == field.PurposeCommand {
				text := fmt.Sprintf("message %s, a command without from: it cannot be sent", m.Name)
				v.Add(schema.SeverityWarning, "from", s.Path, text, `from = "server"`)
			}
			if m.From == field.Anyone &&
				(m.Purpose == field.PurposeMeasurement || m.Purpose == field.PurposeOther && m.Command != "" && told) {
				silent, firstSilent = append(silent, m.Name), cmp.Or(firstSilent, s.Path)
			}
			if v.accepting(s) {
				loose, first = append(loose, m.Name), cmp.Or(first, s.Path)
			}
		}
	}
	if len(silent) > 0 {
		text := "messages without from, which are neither commands nor what a simulated master says by itself: "
		v.Add(schema.SeverityNote, "from", firstSilent, text+strings.Join(silent, ", "), "")
	}
	if len(loose) > 0 {
		text := "bodies in which every bit pattern is accepted, that of another edition too: " + strings.Join(loose, ", ")
		v.Add(schema.SeverityNote, "bounds", first, text, "")
	}
}

// fields calls visit for each field of each message, with those of its header and trailer.
func (v *inspection) fields(visit func(s *program.Body, n *program.Node, o *scalar.Op)) {
	for _, f := range v.g.Kinds {
		for _, s := range f.Bodies {
			program.Each(slices.Concat(f.Header, s.Nodes, f.Trailer), func(n *program.Node) {
				for i := max(n.Op, 0); n.Op >= 0 && i <= n.Op+n.Parts; i++ {
					visit(s, n, &v.ops[i])
				}
			})
		}
	}
}

// counts says that a field of a message is a counter.
func (v *inspection) counts(l *program.Body, key string) (yes bool) {
	v.fields(func(s *program.Body, _ *program.Node, o *scalar.Op) {
		yes = yes || s == l && o.Field.Key == key && o.Form != nil && o.Form.Counter
	})
	return yes
}

// guarded says that something tells a frame of the kind from noise.
func (v *inspection) guarded(f *program.FrameKind) (yes bool) {
	all := slices.Concat(f.Header, f.Trailer)
	for _, s := range f.Bodies {
		all = append(all, s.Nodes...)
	}
	program.Each(all, func(n *program.Node) {
		yes = yes || n.Check != nil || n.Transform != nil && n.Transform.Block > 0 ||
			n.Kind == program.NodeLeaf && v.ops[n.Op].Code != scalar.OpComputed && v.fixed(n)
	})
	return yes || f.Start != nil || f.EndMarks != nil
}

// accepting says that no field of a body of measured values is checked.
func (v *inspection) accepting(s *program.Body) bool {
	if s.Message.Purpose != field.PurposeMeasurement || len(s.Nodes) < 2 {
		return false
	}
	free := true
	program.Each(s.Nodes, func(n *program.Node) {
		free = free && n.Kind != program.NodeChoice && n.Size == nil && n.Until == nil && n.Before == nil
		for i := max(n.Op, 0); n.Kind == program.NodeLeaf && i <= n.Op+n.Parts; i++ {
			o := &v.ops[i]
			numbers := o.Code <= scalar.OpSlice && o.Code != scalar.OpBCD || o.Code == scalar.OpHex
			free = free && o.Check == scalar.CheckNone && numbers
		}
	})
	return free
}
