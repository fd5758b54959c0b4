package codec

import (
	"slices"
	"testing"
)

// depictable are the profiles that are shipped, and the well formed definitions of the tests.
func depictable(t *testing.T) []*Profile {
	t.Helper()
	var all []*Profile
	for _, name := range ShippedNames() {
		all = append(all, shipped(t, name))
	}
	return append(all, goodDefinitions(t)...)
}

func TestManualHasEveryMessageAndEveryField(t *testing.T) {
	for _, p := range depictable(t) {
		m := p.Manual()
		if m.Name != p.name || m.Title != p.title || len(m.Frames) == 0 || len(m.Examples) != len(p.examples) {
			t.Errorf("%s: %+v", p.name, m)
		}
		if len(m.Messages) != len(p.messages) {
			t.Fatalf("%s: %d messages, want %d", p.name, len(m.Messages), len(p.messages))
		}
		for i, msg := range p.messages {
			of := &m.Messages[i]
			if of.Name != msg.Name || of.Title != msg.Title {
				t.Fatalf("%s: message %d is %s, want %s", p.name, i, of.Name, msg.Name)
			}
			at := max(slices.IndexFunc(m.Frames, func(f ManualFrame) bool { return f.Name == of.Frame }), 0)
			keys := map[string]int{}
			m.collect(keys, m.Frames[at].Header)
			m.collect(keys, of.Fields)
			m.collect(keys, m.Frames[at].Trailer)
			for _, f := range msg.Fields {
				size, ok := keys[f.Key]
				if !ok && f.Key != "" {
					t.Errorf("%s %s: field %s is not in the manual", p.name, msg.Name, f.Key)
				}
				if size != 0 && f.Size != size && f.Kind != KindGroup && f.Kind != KindList {
					t.Errorf("%s %s: field %s has %d bytes, the manual says %d", p.name, msg.Name, f.Key, f.Size, size)
				}
			}
		}
	}
}

// collect notes the sizes of fields by key; 0 where a key has several.
func (m *Manual) collect(keys map[string]int, fields []ManualField) {
	for i := range fields {
		f := &fields[i]
		if known, twice := keys[f.Key]; twice && known != f.Size {
			keys[f.Key] = 0
		} else if f.Key != "" {
			keys[f.Key] = f.Size
		}
		m.collect(keys, f.Bits)
		m.collect(keys, f.Fields)
		for k := range f.Cases {
			m.collect(keys, f.Cases[k].Fields)
		}
		if at := slices.IndexFunc(m.Layouts, func(l ManualLayout) bool { return l.Name == f.Use }); f.Use != "" && at >= 0 {
			m.collect(keys, m.Layouts[at].Fields)
		}
	}
}
