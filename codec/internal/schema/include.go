package schema

import (
	"fmt"
	"maps"
	"slices"
	"trama/internal/tomlread"

	"trama/codec/internal/field"
)

// Include adds the layouts, messages and commands of other files, which stand before those of the definition.
func (d *Definition) Include(s *Reader, open func(name string) ([]byte, error)) (sources []Source) {
	var messages []MessageDef
	own := d.Commands
	for i, name := range d.includes {
		path := fmt.Sprintf("include[%d]", i)
		src, err := open(name)
		if err != nil {
			s.Problem(path, field.Quote(name), "the name of a part: "+err.Error())
			continue
		}
		sources = append(sources, Source{Name: name, Text: src})
		prefix := PartPrefix(name)
		part := NewSource(name+".toml", s.own)
		root := part.ParseTOML(src)
		if root == nil {
			s.Problems = append(s.Problems, part.Problems...)
			continue
		}
		if s.Parts == nil {
			s.Parts = map[string]*tomlread.Source{}
		}
		s.Parts[prefix], part.Parts = part.Source, s.Parts
		root.Path = prefix
		more := &Definition{order: root.Word("order", field.OrderWords, d.order)}
		more.readLayouts(root)
		for _, m := range root.Subs("message") {
			more.Messages = append(more.Messages, readMessage(m, more.order))
		}
		for _, one := range root.Subs("command") {
			def := readCommand(one)
			if !slices.ContainsFunc(own, func(c CommandDef) bool { return c.Name == def.Name }) {
				d.Commands = append(d.Commands, def)
			}
		}
		d.Registers = append(d.Registers, readRegisters(root)...)
		root.Finish()
		s.Problems = append(s.Problems, part.Problems...)
		if d.Layouts == nil {
			d.Layouts = map[string][]FieldDef{}
		}
		for _, name := range slices.Sorted(maps.Keys(more.Layouts)) {
			if _, own := d.Layouts[name]; !own {
				d.Layouts[name] = more.Layouts[name]
			}
		}
		messages = append(messages, more.Messages...)
	}
	d.Messages = append(d.Messages, messages...)
	return sources
}
