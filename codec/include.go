package codec

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"trama/internal/tomlread"
)

//go:embed profiles/part/*.toml
var partFiles embed.FS

// include adds the layouts and the messages of other files, which stand before those of the definition.
func (d *definition) include(s *source, open func(name string) ([]byte, error)) (sources []Source) {
	var messages []messageDef
	for i, name := range d.includes {
		path := fmt.Sprintf("include[%d]", i)
		src, err := open(name)
		if err != nil {
			s.problem(path, quote(name), "the name of a part: "+err.Error())
			continue
		}
		sources = append(sources, Source{Name: name, Text: src})
		prefix := partPrefix(name)
		part := newSource(name+".toml", s.own)
		root := part.parseTOML(src)
		if root == nil {
			s.Problems = append(s.Problems, part.Problems...)
			continue
		}
		if s.Parts == nil {
			s.Parts = map[string]*tomlread.Source{}
		}
		s.Parts[prefix], part.Parts = part.Source, s.Parts
		root.Path = prefix
		more := &definition{order: root.Word("order", orderWords, d.order)}
		more.readLayouts(root)
		for _, m := range root.tables("message") {
			more.messages = append(more.messages, readMessage(m, more.order))
		}
		root.Finish()
		s.Problems = append(s.Problems, part.Problems...)
		if d.layouts == nil {
			d.layouts = map[string][]fieldDef{}
		}
		for _, name := range slices.Sorted(maps.Keys(more.layouts)) {
			if _, own := d.layouts[name]; !own {
				d.layouts[name] = more.layouts[name]
			}
		}
		messages = append(messages, more.messages...)
	}
	d.messages = append(d.messages, messages...)
	return sources
}

// shippedPart opens a part that is shipped with the program.
func shippedPart(name string) ([]byte, error) {
	src, err := partFiles.ReadFile("profiles/part/" + name + ".toml")
	if err != nil {
		return nil, fmt.Errorf("no such part")
	}
	return src, nil
}

// Source is one file of a definition.
type Source struct {
	Name string // of the file, or of the part as include names it
	Text []byte
}
