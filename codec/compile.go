package codec

import (
	"bufio"
	"fmt"
	"slices"
	"time"
)

// Compile makes a profile of a definition in TOML.  file names it in errors.  The error is a *DefinitionError
// with every problem found.
func Compile(file string, src []byte) (*Profile, error) { return Compiler{}.Compile(file, src) }

// CompileWith is Compile for a definition that includes parts of its own: open returns the text of one by its name.
// Names that open does not know (or all, when it is nil) are those of the parts that are shipped.
func CompileWith(file string, src []byte, open func(name string) ([]byte, error)) (*Profile, error) {
	return Compiler{Open: open}.Compile(file, src)
}

// Compile is what the function of that name does, with the parts and algorithms of own.
func (own Compiler) Compile(file string, src []byte) (*Profile, error) {
	c := &compiler{src: &source{file: file, own: &own}, open: own.Open, sources: []Source{{Name: file, Text: src}}, p: &Profile{commandOp: -1, resultOp: -1, chooseAt: -1}}
	c.p.length.op = -1
	if root := c.src.parseTOML(src); root != nil {
		d := readDefinition(root)
		c.profile(d)
		if len(c.src.problems) == 0 && c.p.grammar != nil {
			c.proveStructure()
		}
		if len(c.src.problems) == 0 { // of a frame that cannot be, nothing can be made
			c.resend(d)
			c.simulate(d)
		}
	}
	if len(c.src.problems) == 0 {
		c.p.keepSources(c.sources)
	}
	if len(c.src.problems) > 0 {
		sortProblems(file, c.src.problems)
		return nil, &DefinitionError{Problems: c.src.problems}
	}
	return c.p, nil
}

// compiler turns a definition into a plan.  It goes on after a problem, so that all are found at once.
type compiler struct {
	src    *source
	p      *Profile
	open   func(name string) ([]byte, error)
	zone   *time.Location
	header map[string]int // key → index in Profile.ops
	all    map[string]*op // key → one op with that key

	sources []Source
}

func (c *compiler) profile(d *definition) {
	p := c.p
	p.name, p.title, p.maxFrame = d.name, d.title, d.max
	var err error
	if c.zone, err = parseZone(d.zone); err != nil {
		c.src.problem("zone", quote(d.zone), "Local, UTC, a name such as Europe/Berlin or an offset such as +08:00")
		c.zone = time.UTC
	}
	c.all = map[string]*op{}
	if len(d.includes) > 0 {
		c.include(d, func(name string) ([]byte, error) {
			if c.open != nil {
				if src, err := c.open(name); err == nil {
					return src, nil
				}
			}
			return shippedPart(name)
		})
	}
	if d.needsGrammar() {
		c.grammar(d)
		return
	}
	headerFields := c.headerOps(d)
	c.lengthField(d)
	if len(d.messages) == 0 {
		c.src.problem("message", "nothing", "at least one [[message]]")
	}
	for i := range d.messages {
		c.message(&d.messages[i], headerFields)
	}
	if len(c.src.problems) > 0 {
		return // what follows would only repeat them in other words
	}
	c.bindOps()
	c.limits(d)
	c.dispatch(d)
	c.forwards(d)
	c.replies(d)
	c.answer(d)
	c.examples(d)
	for _, l := range p.layouts {
		l.plan = newFixedPlan(p, l)
	}
	for d := range p.dispatch {
		way := &p.dispatch[d]
		for b := range way.first {
			if all := way.find(uint64(b)); len(all) > 0 && all[0].plan != nil {
				way.first[b] = all[0]
			}
		}
	}
	c.framing()
	for _, m := range p.messages {
		if m.From == Server && m.Purpose == PurposeCommand {
			p.commands = append(p.commands, m)
		}
	}
}

// headerOps compiles the general header, which has a fixed size.
func (c *compiler) headerOps(d *definition) []*Field {
	p := c.p
	c.header = map[string]int{}
	var fields []*Field
	for i := range d.header {
		def := &d.header[i]
		if def.rest {
			c.src.problem(def.path+".size", `"rest"`, "a number of bytes: the header has a fixed size")
			continue
		}
		for _, o := range c.field(def) {
			if _, twice := c.header[o.field.Key]; twice {
				c.src.problem(def.path+".key", quote(o.field.Key)+" a second time", "keys that differ")
				continue
			}
			c.header[o.field.Key] = len(p.ops)
			if o.role == RoleCommand {
				p.commandOp, p.commandOff = len(p.ops), p.headerSize
				p.commandByte = o.size == 1 && (o.code == opUint || o.code == opASCII)
				o.flags |= flagCommand
			}
			if o.role == RoleResult && o.integer() && o.code != opPart {
				p.resultOp, p.resultOff = len(p.ops), p.headerSize
			}
			p.ops = append(p.ops, o)
			p.headerSize += o.size
			fields = append(fields, o.field)
		}
	}
	p.headerOps = len(p.ops)
	return fields
}

// lengthField notes which field counts what.
func (c *compiler) lengthField(d *definition) {
	if d.length == nil {
		return
	}
	p, def := c.p, d.length
	i, ok := c.header[def.field]
	if !ok {
		c.src.problem(def.path+".field", quote(def.field), "a field of the header", keysOf(c.header)...)
		return
	}
	o := &p.ops[i]
	if (o.code != opUint && o.code != opBCD) || o.scale != nil || o.check != checkNone || o.preset != nil {
		c.src.problem(def.path+".field", quote(def.field)+" of type "+o.field.Type,
			"an unsigned integer or a BCD number without scale, restriction or default")
		return
	}
	o.flags |= flagLength
	p.length.op, p.length.add = i, def.add
	p.length.off = c.offset(i)
	if def.counts == "" {
		return // reported when it was read
	}
	start, err := c.countStart(def.counts)
	if err != nil {
		c.src.problem(def.path+".counts", quote(def.counts), `"all", "body", "after KEY" or "from KEY" with a field of the header`, keysOf(c.header)...)
		return
	}
	p.length.start = start
}

// countStart is how many bytes stand before those that the length field counts.
func (c *compiler) countStart(counts string) (int, error) {
	var word, key string
	switch n, _ := fmt.Sscan(counts, &word, &key); {
	case n == 1 && word == "all":
		return 0, nil
	case n == 1 && word == "body":
		return c.p.headerSize, nil
	case n != 2 || word != "after" && word != "from":
		return 0, ErrValue
	}
	i, ok := c.header[key]
	if !ok {
		return 0, ErrUnknownField
	}
	if word == "after" {
		i++
	}
	return c.offset(i), nil
}

func (c *compiler) message(def *messageDef, header []*Field) {
	p := c.p
	m := &Message{Name: def.name, Title: def.title, Forward: def.forward, Repeat: def.repeat}
	m.From = Party(slices.Index(partyWords, def.from))
	m.Purpose = defaultPurpose[m.From]
	if def.purpose != "" {
		m.Purpose = Purpose(slices.Index(purposeNames[:], def.purpose))
	}
	for _, other := range p.messages {
		if other.Name == m.Name && m.Name != "" {
			c.src.problem(def.path+".name", quote(m.Name)+" a second time", "names that differ")
		}
	}
	l := &layout{message: m, direction: directionFrom[m.From], first: len(p.ops)}
	keys := map[string]bool{}
	m.Fields = append(m.Fields, header...)
	for i := range def.fields {
		field := &def.fields[i]
		if field.rest && l.rest {
			c.src.problem(field.path+".size", `"rest" a second time`, "one field that takes what is left")
		}
		if field.rest {
			l.rest, l.most = true, field.maxSize
		}
		for _, o := range c.field(field) {
			if _, inHeader := c.header[o.field.Key]; inHeader || keys[o.field.Key] {
				c.src.problem(field.path+".key", quote(o.field.Key)+" a second time", "keys that differ, also from those of the header")
			}
			if o.role == RoleCommand {
				c.src.problem(field.path+".role", `"command"`, "that role in the header, because it chooses the message")
				o.field.Role = NoRole
			}
			keys[o.field.Key] = true
			l.fixed += o.size
			p.ops = append(p.ops, o)
			m.Fields = append(m.Fields, o.field)
		}
	}
	c.rolesOnce(def, m)
	p.messages = append(p.messages, m)
	p.layouts = append(p.layouts, l)
}

var (
	directionFrom  = [...]Direction{Anyone: Any, Master: Uplink, Server: Downlink, Integrator: Uplink}
	defaultPurpose = [...]Purpose{Anyone: PurposeOther, Master: PurposeReport, Server: PurposeCommand, Integrator: PurposeRequest}
)

// rolesOnce refuses two fields with one role in a message, except values and their names.
func (c *compiler) rolesOnce(def *messageDef, m *Message) {
	var seen [roleCount]string
	for _, f := range m.Fields {
		if f.Role == NoRole || f.Role == RoleValue || f.Role == RoleName {
			continue
		}
		if seen[f.Role] != "" {
			c.src.problem(def.path, fmt.Sprintf("role %s for %s and for %s", f.Role, seen[f.Role], f.Key), "one field of that role")
		}
		seen[f.Role] = f.Key
	}
}

// bindOps gives each layout its part of the plan, which has stopped growing.
func (c *compiler) bindOps() {
	p := c.p
	for i, l := range p.layouts {
		end := len(p.ops)
		if i+1 < len(p.layouts) {
			end = p.layouts[i+1].first
		}
		l.ops = p.ops[l.first:end:end]
		p.maxCells = max(p.maxCells, p.headerOps+len(l.ops))
		for _, ops := range [][]op{p.ops[:p.headerOps], l.ops} {
			for n := range ops {
				if o := &ops[n]; c.required(o) {
					l.message.Required = append(l.message.Required, o.field)
				}
			}
		}
	}
	for i := range p.ops {
		o := &p.ops[i]
		if c.all[o.field.Key] == nil {
			c.all[o.field.Key] = o
		}
		if o.flags&flagRemember != 0 {
			o.slot = uint8(p.slots)
			p.slots++
		}
	}
	if p.slots > maxSlots {
		c.src.problem("frame", fmt.Sprintf("%d fields marked remember", p.slots), fmt.Sprintf("at most %d", maxSlots))
	}
	if len(p.ops) > 1<<16 {
		c.src.problem("message", fmt.Sprintf("%d fields in all", len(p.ops)), "at most 65536")
	}
}

// required says that Build must be given the field.
func (c *compiler) required(o *op) bool {
	return o.flags == 0 && o.preset == nil && !(o.code == opBits && o.parts)
}

// limits computes the smallest and the largest frame and what the length field may say.
func (c *compiler) limits(d *definition) {
	p := c.p
	lo, hi, before := hardMaxFrame+1, 0, len(c.src.problems)
	for i, l := range p.layouts {
		size := p.headerSize + l.fixed
		if size > p.maxFrame {
			c.src.problem(d.messages[i].path, fmt.Sprintf("a frame of %d bytes", size), fmt.Sprintf("at most %d (frame.max)", p.maxFrame))
		}
		lo = min(lo, size)
		hi = max(hi, min(size+l.most, p.maxFrame))
	}
	p.length.lo, p.length.hi = lo, hi
	if p.length.op < 0 || len(c.src.problems) > before {
		return
	}
	o := &p.ops[p.length.op]
	least := lo - p.length.start + p.length.add
	if _, most := o.bounds(); p.length.hi-p.length.start+p.length.add > int(min(most, hardMaxFrame*2)) {
		p.length.hi = int(most) + p.length.start - p.length.add
	}
	if least < 0 || p.length.hi < lo {
		c.src.problem(d.length.path, fmt.Sprintf("%s, which would say %d for the smallest frame", o.field.Key, least),
			fmt.Sprintf("a number that %s can hold", o.field.Key))
		return
	}
	o.check, o.lo, o.hi = checkRange, uint64(least), p.lengthValue(p.length.hi)
	o.field.Min, o.field.Max = float64(o.lo), float64(o.hi)
}

// framing prepares the search for frames in a stream.
func (c *compiler) framing() {
	p := c.p
	p.chooseAt = max(p.commandOp, p.length.op)
	for b := 0; b < 256; b++ {
		if p.headerOps == 0 || p.ops[0].begins([]byte{byte(b)}) {
			p.first.add(byte(b))
		}
	}
	for _, d := range []Direction{Any, Uplink, Downlink} {
		p.split[d] = bufio.SplitFunc(p.splitter(d))
	}
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
