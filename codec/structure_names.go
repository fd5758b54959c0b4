package codec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// names looks at what messages, replies and answers expect of each other, and at what lets noise in.
func (v *inspection) names() {
	sent := map[string]bool{}       // keys of fields that a master sends
	remembered := map[string]bool{} // with remember
	v.fields(func(s *shape, n *node, o *op) {
		if s.layout.direction != Downlink {
			sent[o.field.Key] = true
			remembered[o.field.Key] = remembered[o.field.Key] || o.flags&flagRemember != 0
		}
	})
	v.fields(func(s *shape, n *node, o *op) {
		if o.flags&flagRemember != 0 && !remembered[o.field.Key] {
			v.add(SeverityWarning, "remember", n.path, fmt.Sprintf("%s remembered, which nothing fills", o.field.Key),
				"remember on the field of that name that a master sends, too")
		}
	})
	for i, pair := range v.g.answers {
		if key, _, _ := strings.Cut(pair[1], "."); !sent[key] && !sent[pair[1]] {
			text := fmt.Sprintf("%q, which no frame of a master has", pair[1])
			v.add(SeverityError, "answer", fmt.Sprintf("answer.by[%d]", i), text, "a field that the answers have")
		}
	}
	for i, r := range v.g.replies {
		for _, set := range r.sets {
			if set.count && set.value != nil && !v.counts(r.send, set.key) {
				path := fmt.Sprintf("reply[%d].set.%s", i, set.key)
				v.add(SeverityError, "counter", path, `"counter" for `+set.key, "a field with counter = true")
			}
		}
	}
	var loose []string
	first := ""
	for _, f := range v.g.families {
		if !v.guarded(f) {
			text := "a kind of frame without constant, mark or checksum: it takes noise for frames"
			v.add(SeverityNote, "noise", f.path, text, "")
		}
		for _, s := range f.shapes {
			m := s.layout.message
			if m.From == Anyone && m.Purpose == PurposeCommand {
				text := fmt.Sprintf("message %s, a command without from: it cannot be sent", m.Name)
				v.add(SeverityWarning, "from", s.path, text, `from = "server"`)
			}
			if v.accepting(s) {
				loose, first = append(loose, m.Name), cmp.Or(first, s.path)
			}
		}
	}
	if len(loose) > 0 {
		text := "bodies in which every bit pattern is accepted, that of another edition too: " + strings.Join(loose, ", ")
		v.add(SeverityNote, "bounds", first, text, "")
	}
}

// fields calls visit for each field of each message, with those of its header and trailer.
func (v *inspection) fields(visit func(s *shape, n *node, o *op)) {
	for _, f := range v.g.families {
		for _, s := range f.shapes {
			each(slices.Concat(f.header, s.nodes, f.trailer), func(n *node) {
				for i := max(n.op, 0); n.op >= 0 && i <= n.op+n.parts; i++ {
					visit(s, n, &v.ops[i])
				}
			})
		}
	}
}

// counts says that a field of a message is a counter.
func (v *inspection) counts(l *layout, key string) (yes bool) {
	v.fields(func(s *shape, _ *node, o *op) {
		yes = yes || s.layout == l && o.field.Key == key && o.form != nil && o.form.counter
	})
	return yes
}

// guarded says that something tells a frame of the kind from noise.
func (v *inspection) guarded(f *family) (yes bool) {
	all := slices.Concat(f.header, f.trailer)
	for _, s := range f.shapes {
		all = append(all, s.nodes...)
	}
	each(all, func(n *node) {
		yes = yes || n.check != nil || n.transform != nil && n.transform.block > 0 ||
			n.kind == nodeLeaf && v.ops[n.op].code != opComputed && v.fixed(n)
	})
	return yes || f.start != nil || f.closing != nil
}

// accepting says that no field of a body of measured values is checked.
func (v *inspection) accepting(s *shape) bool {
	if s.layout.message.Purpose != PurposeMeasurement || len(s.nodes) < 2 {
		return false
	}
	free := true
	each(s.nodes, func(n *node) {
		free = free && n.kind != nodeChoice && n.size == nil && n.until == nil && n.before == nil
		for i := max(n.op, 0); n.kind == nodeLeaf && i <= n.op+n.parts; i++ {
			o := &v.ops[i]
			numbers := o.code <= opPart && o.code != opBCD || o.code == opHex
			free = free && o.check == checkNone && numbers
		}
	})
	return free
}
