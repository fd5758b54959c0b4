package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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

// points compiles how the samples of frames are named.
func (c *compiler) points() {
	p := c.p
	p.Points.Fields = make([]program.PointField, len(p.Ops))
	common := c.commonFields()
	known := map[string]bool{}
	for _, f := range p.Kinds {
		frame := append(c.stands(f.Header, stand{inHeader: true}), c.stands(f.Trailer, stand{inHeader: true})...)
		c.namePoints(frame, frame, nil, false)
		for _, body := range f.Bodies {
			own := c.stands(body.Nodes, stand{pattern: c.patterns[body]})
			all := append(slices.Clip(own), frame...)
			valued := slices.ContainsFunc(all, func(s stand) bool { return p.Ops[s.op].Role == field.RoleValue })
			wish := body.Message.Purpose == field.PurposeRequest || body.Message.Purpose == field.PurposeAnswer // or a result
			c.namePoints(own, all, common, !valued && !wish)
			if body.Direction != field.Downlink && !wish && body.Message.Purpose != field.PurposeAcknowledgement {
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
	case !unroled || o.Role != field.NoRole || s.depth > 0 || common[s.op] || o.Field.Kind == field.KindList || o.Field.Kind == field.KindGroup:
		return false
	default:
		return o.Flags&(scalar.FlagLength|scalar.FlagBound) == 0 && o.Code != scalar.OpChecksum && !o.Fixed()
	}
}

// namePoints names the samples among own; names are made of all.
func (c *compiler) namePoints(own, all []stand, common []bool, unroled bool) {
	var samples []*stand
	for i := range own {
		s := &own[i]
		switch o := &c.p.Ops[s.op]; {
		case c.sample(s, common, unroled):
			samples = append(samples, s)
		case o.Role == field.RoleTimestamp && len(s.lists) > 0:
			c.p.Points.Fields[s.op].Dates = program.DatesElement
		case o.Role == field.RoleTimestamp:
			c.p.Points.Fields[s.op].Dates = program.DatesFrame
		}
	}
	for _, s := range samples {
		name := program.PointName{Op: s.op}
		for i, depth := range s.depths {
			name.Elements = append(name.Elements, program.PointElement{
				Depth: depth, Dated: c.dated(s.lists[:i+1], all), Tagged: c.tagged(s, i, s.lists[i], all),
			})
		}
		if s.pattern.text != "" {
			name.Segments = c.patterned(s, all)
		} else {
			name.Segments = c.usualName(s, samples, all)
		}
		c.finishName(&name)
		c.p.Points.Names = append(c.p.Points.Names, name)
		c.p.Points.Fields[s.op].Name = int32(len(c.p.Points.Names))
	}
}

// dated says that a timestamp stands in the elements of the innermost of lists.
func (c *compiler) dated(lists []*program.Node, all []stand) bool {
	return slices.ContainsFunc(all, func(s stand) bool {
		return c.p.Ops[s.op].Role == field.RoleTimestamp && len(s.lists) >= len(lists) && s.lists[len(lists)-1] == lists[len(lists)-1]
	})
}

// usualName is the name of samples for which the definition has no pattern: the field beside them that names them, or
// their key; in a list whose elements nothing else tells apart, with the number of the element.
func (c *compiler) usualName(s *stand, samples []*stand, all []stand) []program.NameSegment {
	key := c.p.Ops[s.op].Field.Key
	beside := func(o *stand) bool { return o != s && o.part == s.part && !o.apart(s) }
	role := func(o *stand) field.Role { return c.p.Ops[o.op].Role }
	if role(s) == field.RoleValue {
		var names []*stand
		for i := range all {
			if o := &all[i]; role(o) == field.RoleName && beside(o) {
				names = append(names, o)
			}
		}
		if len(names) > 0 {
			part := c.namePart(s, names)
			part.Key = key + "-"
			if slices.ContainsFunc(samples, func(o *stand) bool { return role(o) == field.RoleValue && beside(o) }) {
				part.After = "." + key
			}
			return []program.NameSegment{{part}}
		}
	}
	if n := len(s.lists); n > 0 && s.lists[n-1].Element < 0 && s.part == s.lists[n-1] {
		if list := s.keys[len(s.keys)-1]; list != "" {
			key = list
		}
	}
	for _, o := range samples { // two of a kind: in which group each stands
		if o != s && role(o) == role(s) && c.p.Ops[o.op].Field.Key == c.p.Ops[s.op].Field.Key && o.part != s.part && len(o.lists) == len(s.lists) && !o.apart(s) {
			key = strings.TrimLeft(strings.Join(append(slices.Clip(s.keys), c.p.Ops[s.op].Field.Key), "."), ".")
			break
		}
	}
	out := []program.NameSegment{{{Fixed: key}}}
	for i, list := range s.lists {
		if !c.dated(s.lists[:i+1], all) && !c.tagged(s, i, list, all) {
			out = append(out, program.NameSegment{{Index: true, Depth: s.depths[i]}})
		}
	}
	return out
}

// tagged says that what stands in an element chose the case in which the field stands.
func (c *compiler) tagged(s *stand, level int, list *program.Node, all []stand) bool {
	return slices.ContainsFunc(s.cases, func(t taken) bool {
		if t.lists <= level {
			return false
		}
		when := t.choice.Cases[t.k].When
		if t.choice.On != nil && t.choice.On.Sees() || when != nil && when.Sees() {
			return true
		}
		var regs []int
		if t.choice.On != nil {
			regs = t.choice.On.Fields(regs)
		}
		for k := range t.choice.Cases {
			if when := t.choice.Cases[k].When; when != nil {
				regs = when.Fields(regs)
			}
		}
		return slices.ContainsFunc(all, func(o stand) bool {
			return c.p.Ops[o.op].Reg > 0 && slices.Contains(regs, c.p.Ops[o.op].Reg) && slices.Contains(o.lists, list)
		})
	})
}

// patterned compiles the pattern of a sample, such as "MS/{SC}/{CC}".
func (c *compiler) patterned(s *stand, all []stand) (out []program.NameSegment) {
	bad := func(found, want string, known ...string) []program.NameSegment {
		c.src.Problem(s.pattern.path, found, want, known...)
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
			ref := c.refer(s, name, all)
			switch {
			case len(ref) > 0:
				of := c.namePart(s, ref)
				of.Fixed, of.Usual, of.Sparse = fixed, usual, sparse
				part = of
			case name == "key" && !sparse:
				part.Fixed += c.p.Ops[s.op].Field.Key
			case name == "index" && !sparse && len(s.lists) > 0:
				part.Index, part.Depth = true, s.depths[len(s.depths)-1]
			default:
				known := []string{"key"}
				for i := range all {
					if o := &all[i]; len(o.lists) <= len(s.lists) && c.p.Ops[o.op].Field.Key != "" {
						known = append(known, c.p.Ops[o.op].Field.Key)
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
func (c *compiler) refer(s *stand, name string, all []stand) (out []*stand) {
	path := strings.Split(name, ".")
	best := -1
	for i := range all {
		o := &all[i]
		own := append(slices.Clip(o.keys), c.p.Ops[o.op].Field.Key)
		around := len(own) - len(path)
		if o.op == s.op || around < 0 || around > len(s.keys) || len(o.lists) > len(s.lists) ||
			!slices.Equal(own[around:], path) || !slices.Equal(own[:around], s.keys[:around]) || !slices.Equal(o.lists, s.lists[:len(o.lists)]) {
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

// namePart is the part of the name of a sample that a field is, of which one or several places are given.
func (c *compiler) namePart(s *stand, of []*stand) program.NamePart {
	part := program.NamePart{Depth: -1}
	if n := len(of[0].depths); n > 0 {
		part.Depth = of[0].depths[n-1]
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
			c.src.Problem(path, fmt.Sprintf("%q without a value", paths[path]), `it on a field of role "value" or "alarm", or on a part or a message that has one`)
		}
	}
}
