package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"trama/codec/internal/expr"
	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// pattern is the name of points as a definition writes it, and where.
type pattern struct{ path, text string }

// pattern notes the name that a definition gives to the points of something.
func (c *compiler) pattern(of any, path, text string) {
	if text != "" {
		c.patterns[of] = pattern{path + ".point", text}
	}
}

// stand is where a field stands: in which groups, elements of lists and cases.
type stand struct {
	op       int
	keys     []string        // of the groups around
	part     *program.Node   // the innermost group with a key, or list, around; nil: the frame
	lists    []*program.Node // around, the outermost first
	depths   []int           // of their elements
	cases    []taken         // of choices around
	pattern  pattern         // of the part around, or its own
	depth    int
	inHeader bool
}

// taken is a case that must be chosen for a field to be there.
type taken struct {
	choice *program.Node
	k      int
	lists  int // around the choice
}

// naming is what names are made of in the frames of one message.
type naming struct {
	c        *compiler
	all      []stand
	samples  []*stand
	byKey    map[string][]*stand
	names    map[*program.Node][]*stand      // of role name, by the part around
	dated    map[*program.Node]bool          // lists with a timestamp in their elements
	regs     map[*program.Node]map[int][]int // fields in the elements of a list, by register
	alike    map[string][]*stand             // samples by key
	beside   map[*program.Node][]*stand      // values by the part around
	choosers map[*program.Node]*chooser
}

// newNaming gathers what can be in names among the fields of frames.
func (c *compiler) newNaming(all []stand) *naming {
	n := &naming{c: c, all: all, byKey: map[string][]*stand{}, names: map[*program.Node][]*stand{}, dated: map[*program.Node]bool{},
		regs: map[*program.Node]map[int][]int{}, alike: map[string][]*stand{}, beside: map[*program.Node][]*stand{},
		choosers: map[*program.Node]*chooser{}}
	for i := range all {
		s := &all[i]
		o := &c.p.Ops[s.op]
		n.byKey[o.Field.Key] = append(n.byKey[o.Field.Key], s)
		if o.Role == field.RoleName {
			n.names[s.part] = append(n.names[s.part], s)
		}
		for _, list := range s.lists {
			if o.Role == field.RoleTimestamp {
				n.dated[list] = true
			}
			if n.regs[list] == nil {
				n.regs[list] = map[int][]int{}
			}
			n.regs[list][o.Reg] = append(n.regs[list][o.Reg], s.op)
		}
	}
	return n
}

// points compiles how the samples of frames are named.
func (c *compiler) points() {
	p := c.p
	p.Points.Fields = make([]program.PointField, len(p.Ops))
	common := c.commonFields()
	known := map[string]bool{}
	for _, f := range p.Kinds {
		frame := append(c.stands(f.Header, stand{inHeader: true}), c.stands(f.Trailer, stand{inHeader: true})...)
		c.newNaming(frame).name(frame, nil, false)
		for _, body := range f.Bodies {
			own := c.stands(body.Nodes, stand{pattern: c.patterns[body]})
			all := append(slices.Clip(own), frame...)
			valued := slices.ContainsFunc(all, func(s stand) bool { return p.Ops[s.op].Role == field.RoleValue })
			reports := true // what its fields without a role say is news
			switch body.Message.Purpose {
			case field.PurposeRequest, field.PurposeAnswer, field.PurposeAcknowledgement:
				reports = false
			}
			c.newNaming(all).name(own, common, !valued && reports)
			if body.Direction != field.Downlink {
				c.listPoints(all, body, known)
			}
		}
	}
}

// commonFields marks the fields that say what a frame is, not what was measured: those that every message has, by its key,
// and those that messages have in common, its header and trailer.
func (c *compiler) commonFields() []bool {
	count, uses := map[string]int{}, map[*field.Field]int{}
	for _, m := range c.p.Messages {
		for _, f := range m.Fields {
			count[f.Key]++
			uses[f]++
		}
	}
	common := make([]bool, len(c.p.Ops))
	for i := range c.p.Ops {
		f := c.p.Ops[i].Field
		common[i] = count[f.Key] == len(c.p.Messages) || uses[f] > 1
	}
	return common
}

// stands lists the fields in nodes; at is where the nodes stand.
func (c *compiler) stands(nodes []*program.Node, at stand) (out []stand) {
	for _, n := range nodes {
		here := at
		if own, given := c.patterns[n]; given {
			here.pattern = own
		}
		if n.Op >= 0 {
			for i := n.Op; i <= n.Op+n.Parts; i++ {
				one := here
				if one.op = i; i > n.Op {
					if own, given := c.patterns[i]; given {
						one.pattern = own
					}
				}
				out = append(out, one)
			}
		}
		switch n.Kind {
		case program.NodeGroup:
			if n.Op >= 0 {
				here.part, here.depth, here.keys = n, at.depth+1, append(slices.Clip(at.keys), c.p.Ops[n.Op].Field.Key)
			}
		case program.NodeList:
			here.part, here.keys = n, append(slices.Clip(at.keys), c.p.Ops[n.Op].Field.Key)
			here.lists, here.depths = append(slices.Clip(at.lists), n), append(slices.Clip(at.depths), at.depth+1)
			if here.depth = at.depth + 1; n.Element >= 0 {
				here.depth++
			}
		}
		out = append(out, c.stands(n.Kids, here)...)
		for k := range n.Cases {
			in := here
			in.cases = append(slices.Clip(at.cases), taken{n, k, len(at.lists)})
			out = append(out, c.stands(n.Cases[k].Kids, in)...)
		}
	}
	return out
}

// apart says that two fields are never in one frame, or in one element of a list.
func (s *stand) apart(o *stand) bool {
	return slices.ContainsFunc(s.cases, func(a taken) bool {
		return slices.ContainsFunc(o.cases, func(b taken) bool { return a.choice == b.choice && a.k != b.k })
	})
}

// sample says what makes a field a sample; unroled: fields without a role are samples.
func (c *compiler) sample(s *stand, common []bool, unroled bool) bool {
	switch o := &c.p.Ops[s.op]; {
	case o.Role == field.RoleValue, o.Role == field.RoleAlarm:
		return true
	case !unroled || o.Role != field.NoRole || s.depth > 0 || common[s.op] || o.Field.Kind == field.KindList ||
		o.Field.Kind == field.KindGroup:
		return false
	default:
		return o.Flags&(scalar.FlagLength|scalar.FlagBound) == 0 && o.Code != scalar.OpChecksum && !o.Fixed()
	}
}

// name names the samples among own fields; unroled: fields without a role are samples too.
func (n *naming) name(own []stand, common []bool, unroled bool) {
	c := n.c
	for i := range own {
		s := &own[i]
		switch o := &c.p.Ops[s.op]; {
		case c.sample(s, common, unroled):
			n.samples = append(n.samples, s)
			n.alike[o.Field.Key] = append(n.alike[o.Field.Key], s)
			if o.Role == field.RoleValue {
				n.beside[s.part] = append(n.beside[s.part], s)
			}
		case o.Role == field.RoleTimestamp && len(s.lists) > 0:
			c.p.Points.Fields[s.op].Dates = program.DatesElement
		case o.Role == field.RoleTimestamp:
			c.p.Points.Fields[s.op].Dates = program.DatesFrame
		}
	}
	for _, s := range n.samples {
		var name program.PointName
		c.p.Points.Lists = c.p.Points.Lists || s.lists != nil
		for i, list := range s.lists {
			name.Elements = append(name.Elements, program.PointElement{Depth: s.depths[i], Dated: n.dated[list], Tags: n.tags(s, i)})
		}
		if s.pattern.text != "" {
			name.Segments = n.patterned(s)
		} else {
			name.Segments = n.usual(s)
		}
		if c.finishName(&name); name.Whole == nil {
			name.Else = n.keyed(s)
		}
		c.p.Points.Names = append(c.p.Points.Names, name)
		c.p.Points.Fields[s.op].Name = int32(len(c.p.Points.Names))
	}
}

// usual is the name of samples for which the definition has no pattern: the field beside them that names them, or their
// key; in a list whose elements nothing else tells apart, with the number of the element.
func (n *naming) usual(s *stand) []program.NameSegment {
	o := &n.c.p.Ops[s.op]
	key := o.Field.Key
	near := func(one *stand) bool { return one.op != s.op && !one.apart(s) }
	if o.Role == field.RoleValue {
		var names []*stand
		for _, one := range n.names[s.part] {
			if near(one) {
				names = append(names, one)
			}
		}
		if len(names) > 0 {
			part := n.part(s, names)
			part.Key = key + "-"
			if slices.ContainsFunc(n.beside[s.part], near) {
				part.After = "." + key
			}
			return []program.NameSegment{{part}}
		}
	}
	return n.keyed(s)
}

// keyed is the name of samples by their key.
func (n *naming) keyed(s *stand) []program.NameSegment {
	o := &n.c.p.Ops[s.op]
	key := o.Field.Key
	if k := len(s.lists); k > 0 && s.lists[k-1].Element < 0 && s.part == s.lists[k-1] {
		if list := s.keys[len(s.keys)-1]; list != "" {
			key = list
		}
	}
	for _, one := range n.alike[o.Field.Key] { // two of a kind: in which group each stands
		if one.op != s.op && !one.apart(s) && n.c.p.Ops[one.op].Role == o.Role && one.part != s.part && len(one.lists) == len(s.lists) {
			key = strings.TrimLeft(strings.Join(append(slices.Clip(s.keys), o.Field.Key), "."), ".")
			break
		}
	}
	out := []program.NameSegment{{{Fixed: key}}}
	for i, list := range s.lists {
		if !n.dated[list] && n.tags(s, i) == nil {
			out = append(out, program.NameSegment{{Index: true, Depth: s.depths[i]}})
		}
	}
	return out
}

// tags are the fields in an element of list level around a field that chose the case in which the field stands; of bytes to
// come, the field that they are.
func (n *naming) tags(s *stand, level int) (out []int) {
	for _, t := range s.cases {
		if t.lists <= level {
			continue
		}
		by := n.chooser(t.choice)
		if by.sees {
			out = append(out, s.op)
		}
		for _, reg := range by.regs {
			out = append(out, n.regs[s.lists[level]][reg]...)
		}
	}
	return out
}

// chooser is what chooses a case: registers, and whether bytes to come do.
type chooser struct {
	regs []int
	sees bool
}

func (n *naming) chooser(choice *program.Node) *chooser {
	by := n.choosers[choice]
	if by == nil {
		by = &chooser{}
		n.choosers[choice] = by
		asks := []*expr.Expr{choice.On}
		for k := range choice.Cases {
			asks = append(asks, choice.Cases[k].When)
		}
		for _, e := range asks {
			if e != nil {
				by.sees = by.sees || e.Sees()
				by.regs = e.Fields(by.regs)
			}
		}
		slices.Sort(by.regs)
		by.regs = slices.Compact(by.regs)
	}
	return by
}

// patterned compiles the pattern of a sample, such as "MS/{SC}/{CC}".
func (n *naming) patterned(s *stand) (out []program.NameSegment) {
	bad := func(found, want string, known ...string) []program.NameSegment {
		n.c.src.Problem(s.pattern.path, found, want, known...)
		return nil
	}
	for _, text := range strings.Split(s.pattern.text, "/") {
		if text == "" {
			return bad(field.Quote(s.pattern.text), `names with one slash between them, such as "level/{tank}"`)
		}
		var segment program.NameSegment
		for text != "" {
			fixed, after, found := strings.Cut(text, "{")
			name, behind, closed := strings.Cut(after, "}")
			if found && !closed || strings.Contains(fixed, "}") {
				return bad(field.Quote(s.pattern.text), "fields in braces")
			}
			text = behind
			part := program.NamePart{Fixed: fixed, Depth: -1}
			if !found {
				segment = append(segment, part)
				break
			}
			name, usual, sparse := strings.Cut(name, "?")
			ref := n.refer(s, name)
			switch {
			case len(ref) > 0:
				of := n.part(s, ref)
				of.Fixed, of.Usual, of.Sparse = fixed, usual, sparse
				part = of
			case name == "key" && !sparse:
				part.Fixed += n.c.p.Ops[s.op].Field.Key
			case name == "index" && !sparse && len(s.lists) > 0:
				part.Index, part.Depth = true, s.depths[len(s.depths)-1]
			default:
				known := []string{"key"}
				for i := range n.all {
					if o := &n.all[i]; len(o.lists) <= len(s.lists) {
						known = append(known, n.c.p.Ops[o.op].Field.Key)
					}
				}
				return bad(field.Quote(name), "a field of the frame, or of the element of the list in which the value stands; key, index", known...)
			}
			segment = append(segment, part)
		}
		out = append(out, segment)
	}
	return out
}

// refer finds the field that a name means for the names of a sample: in its own part first, then in those around; of the
// lists around only, since of others there are several.
func (n *naming) refer(s *stand, name string) (out []*stand) {
	path := strings.Split(name, ".")
	best := -1
	for _, o := range n.byKey[path[len(path)-1]] {
		own := append(slices.Clip(o.keys), path[len(path)-1])
		around := len(own) - len(path)
		if o.op == s.op || around < 0 || around > len(s.keys) || len(o.lists) > len(s.lists) ||
			!slices.Equal(own[around:], path) || !slices.Equal(own[:around], s.keys[:around]) ||
			!slices.Equal(o.lists, s.lists[:len(o.lists)]) {
			continue
		}
		score := 2 * around
		if !o.inHeader {
			score++
		}
		if score > best {
			best, out = score, nil
		}
		if score == best {
			out = append(out, o)
		}
	}
	return out
}

// part is the part of the name of a sample that a field is, of which one or several places are given.
func (n *naming) part(s *stand, of []*stand) program.NamePart {
	c := n.c
	part := program.NamePart{Depth: -1}
	if depths := of[0].depths; len(depths) > 0 {
		part.Depth = depths[len(depths)-1]
	}
	for _, o := range of {
		part.Ops = append(part.Ops, o.op)
		part.Behind = part.Behind || o.op > s.op
		if at := &c.p.Points.Fields[o.op]; at.Slot == 0 {
			c.p.Points.Slots++
			at.Slot = uint16(c.p.Points.Slots)
		}
	}
	return part
}

// finishName gives a name its text.
func (c *compiler) finishName(n *program.PointName) {
	var text []string
	whole := true
	for _, segment := range n.Segments {
		word := ""
		for _, part := range segment {
			word += part.Fixed
			switch {
			case part.Index:
				word += "{index}"
			case len(part.Ops) > 0 && part.Sparse:
				word += "{" + c.p.Ops[part.Ops[0]].Field.Key + "?" + part.Usual + "}"
			case len(part.Ops) > 0:
				if f := c.p.Ops[part.Ops[0]].Field; len(f.Enum) == 0 && (f.Kind == field.KindUint || f.Kind == field.KindInt) {
					word += part.Key
				}
				word += "{" + c.p.Ops[part.Ops[0]].Field.Key + "}" + part.After
			}
			whole = whole && !part.Index && part.Ops == nil
		}
		text = append(text, word)
	}
	if n.Text = strings.Join(text, "/"); whole {
		n.Whole = []byte(n.Text)
	}
}

// listPoints adds the points of a message to those of the profile.
func (c *compiler) listPoints(all []stand, body *program.Body, known map[string]bool) {
	for i := range all {
		name := c.p.Points.Fields[all[i].op].Name
		if name == 0 {
			continue
		}
		f, text := c.p.Ops[all[i].op].Field, c.p.Points.Names[name-1].Text
		if !known[text] {
			known[text] = true
			c.p.Points.All = append(c.p.Points.All, program.Point{Name: text, Unit: f.Unit, Title: f.Title, Message: body.Message.Name})
		}
	}
}

// unusedPatterns reports names of points where there is no value.
func (c *compiler) unusedPatterns() {
	used := map[string]bool{}
	for _, f := range c.p.Kinds {
		all := append(c.stands(f.Header, stand{}), c.stands(f.Trailer, stand{})...)
		for _, body := range f.Bodies {
			all = append(all, c.stands(body.Nodes, stand{pattern: c.patterns[body]})...)
		}
		for i := range all {
			if c.p.Points.Fields[all[i].op].Name > 0 {
				used[all[i].pattern.path] = true
			}
		}
	}
	paths := map[string]string{}
	for _, one := range c.patterns {
		paths[one.path] = one.text
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if !used[path] {
			c.src.Problem(path, fmt.Sprintf("%q without a value", paths[path]),
				`it on a field of role "value" or "alarm", or on a part or a message that has one`)
		}
	}
}
