package codec

import (
	"embed"
	"fmt"
)

//go:embed profiles/part/*.toml
var partFiles embed.FS

// include adds the layouts and the messages of other files, which stand before those of the definition.
func (c *compiler) include(d *definition, open func(name string) ([]byte, error)) {
	var messages []messageDef
	for i, name := range d.includes {
		path := fmt.Sprintf("include[%d]", i)
		src, err := open(name)
		if err != nil {
			c.src.problem(path, quote(name), "the name of a part: "+err.Error())
			continue
		}
		c.sources = append(c.sources, Source{Name: name, Text: src})
		prefix := partPrefix(name)
		part := &source{file: name + ".toml", own: c.src.own}
		root := part.parseTOML(src)
		if root == nil {
			c.src.problems = append(c.src.problems, part.problems...)
			continue
		}
		if c.src.parts == nil {
			c.src.parts = map[string]*source{}
		}
		c.src.parts[prefix], part.parts = part, c.src.parts
		root.path = prefix
		more := &definition{order: root.word("order", orderWords, d.order)}
		more.readLayouts(root)
		for _, m := range root.tables("message") {
			more.messages = append(more.messages, readMessage(m, more.order))
		}
		root.finish()
		c.src.problems = append(c.src.problems, part.problems...)
		if d.layouts == nil {
			d.layouts = map[string][]fieldDef{}
		}
		for _, name := range keysOf(more.layouts) {
			if _, own := d.layouts[name]; !own {
				d.layouts[name] = more.layouts[name]
			}
		}
		messages = append(messages, more.messages...)
	}
	d.messages = append(messages, d.messages...)
}

// shippedPart opens a part that is shipped with the program.
func shippedPart(name string) ([]byte, error) {
	src, err := partFiles.ReadFile("profiles/part/" + name + ".toml")
	if err != nil {
		return nil, fmt.Errorf("no such part")
	}
	return src, nil
}
