package program

// Point is one quantity that messages of a profile can have a value of.
type Point struct {
	Name    string // with fields in braces: "MS/{SC}/{CC}"
	Unit    string
	Title   string
	Message string // of the messages that have it, the first
}

// findCommon marks the fields that say what a frame is, not what was measured: those that every message has, by its key,
// and those that messages of one kind of frame have in common, its header and trailer.
func (p *Program) findCommon() {
	count, uses := map[string]int{}, map[any]int{}
	for _, m := range p.Messages {
		for _, f := range m.Fields {
			count[f.Key]++
			uses[f]++
		}
	}
	p.Common = make([]bool, len(p.Ops))
	for i := range p.Ops {
		f := p.Ops[i].Field
		p.Common[i] = count[f.Key] == len(p.Messages) || uses[f] > 1
	}
}

// Points lists what the messages of the profile can have values of.
func (p *Program) Points() (out []Point) {
	seen := map[string]bool{}
	for _, m := range p.Messages {
		for _, f := range m.Fields {
			if f.Role.String() == "value" && !seen[f.Key] {
				seen[f.Key] = true
				out = append(out, Point{Name: f.Key, Unit: f.Unit, Title: f.Title, Message: m.Name})
			}
		}
	}
	return out
}
