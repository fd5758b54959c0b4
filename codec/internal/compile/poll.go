package compile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// CompilePolls checks the [[registers]] and the [[poll]] of a profile, and keeps them in p.
func CompilePolls(src *schema.Reader, d *schema.Definition, p *program.Program) {
	for i := range d.Registers {
		r := &d.Registers[i]
		order, known := p.Command(r.Command)
		if !known {
			src.Problem(schema.Join(r.Path, "command"), field.Quote(r.Command), "a command of the definition", commandNames(p)...)
			continue
		}
		for _, key := range []string{r.Start, r.Count} {
			if !order.Known[key] {
				src.Problem(r.Path, "command "+order.Name+" without field "+field.Quote(key), "a request that says which registers")
			}
		}
		values := answerField(p, r.Values)
		if values == nil || values.Kind != field.KindList && values.Type != "bitset" {
			src.Problem(schema.Join(r.Path, "values"), field.Quote(r.Values), "the key of a list or a bitset in a message of the master")
			continue
		}
		r.Bits = values.Kind != field.KindList
	}
	p.Registers = d.Registers
	for _, q := range d.Polls {
		_, wrong := ResolvePoll(p, q)
		for _, w := range wrong {
			src.Problem(w.Path, w.Found, w.Expected, w.Known...)
		}
	}
	p.Polls = d.Polls
}

// PollProblem is why a [[poll]] does not go with a profile.
type PollProblem struct {
	Path, Found, Expected string
	Known                 []string
}

// ResolvePoll finds out what a [[poll]] asks of masters of a profile.
func ResolvePoll(p *program.Program, q *field.Poll) (*program.Poll, []PollProblem) {
	if q.Command == "" && len(q.Points) == 0 {
		return nil, nil // which is told where it was read
	}
	r := &resolving{p: p, q: q, out: &program.Poll{Poll: q, Message: q.Command, Fields: maps.Clone(q.Fields), Points: slices.Clone(q.Points)}}
	if r.out.Fields == nil {
		r.out.Fields = map[string]any{}
	}
	r.registers()
	order, known := p.Command(r.out.Message)
	if !known {
		if len(r.wrong) == 0 {
			r.problem(schema.Join(q.Path, "command"), field.Quote(r.out.Message),
				fmt.Sprintf("a command that profile %q has for a master", p.Name), commandNames(p)...)
		}
		return nil, r.wrong
	}
	if order.Class != "idempotent" {
		r.problem(schema.Join(q.Path, "command"), fmt.Sprintf("%s, which may not be sent again and again (class %s)", field.Quote(order.Name), order.Class),
			"a command of class idempotent")
	}
	for _, key := range slices.Sorted(maps.Keys(q.Fields)) {
		top, _, _ := strings.Cut(key, ".")
		if order.Argument(key) == nil && !order.Known[top] {
			names := slices.Sorted(maps.Keys(order.Known))
			for _, a := range order.Arguments {
				names = append(names, a.Key)
			}
			r.problem(schema.Join(schema.Join(q.Path, "fields"), key), "field "+field.Quote(key), "a field of command "+order.Name, names...)
		}
	}
	if _, err := order.Fields(r.out.Fields); err != nil && len(r.wrong) == 0 {
		r.problem(schema.Join(q.Path, "fields"), err.Error(), "arguments of command "+order.Name)
	}
	for i := range q.Points {
		if f := q.Points[i].Field; f != "" && answerField(p, f) == nil {
			r.problem(schema.Join(q.Points[i].Path, "field"), field.Quote(f),
				fmt.Sprintf("the key of a field of a message that a master of profile %q sends", p.Name))
		}
	}
	if len(r.wrong) > 0 {
		return nil, r.wrong
	}
	return r.out, nil
}

type resolving struct {
	p     *program.Program
	q     *field.Poll
	out   *program.Poll
	wrong []PollProblem
}

func (r *resolving) problem(path, found, expected string, known ...string) {
	r.wrong = append(r.wrong, PollProblem{path, found, expected, known})
}

// registers finds the message that asks for the registers of the points, and which.
func (r *resolving) registers() {
	var by *field.Registers
	first, last := 0, -1
	for i := range r.out.Points {
		pt := &r.out.Points[i]
		if pt.Field != "" || pt.Register < 0 && pt.Address < 0 {
			continue
		}
		key, number := "address", pt.Address
		if pt.Register >= 0 {
			key, number = "register", pt.Register
		}
		of, address := r.find(pt)
		path := schema.Join(pt.Path, key)
		switch {
		case of == nil && len(r.p.Registers) == 0:
			r.problem(path, strconv.Itoa(number), fmt.Sprintf("a field: profile %q has no [[registers]]", r.p.Name))
			return
		case of == nil && pt.Register < 0:
			r.problem(path, strconv.Itoa(number), "command beside it, which reads registers: "+strings.Join(r.readers(), ", "))
			return
		case of == nil:
			r.problem(path, strconv.Itoa(number), "a register that is read by "+r.numbers())
			return
		case by != nil && of != by:
			r.problem(path, fmt.Sprintf("%d, which %s reads, beside others of %s", number, of.Command, by.Command), "one of those: two polls")
			return
		case of.Bits && (pt.Type != "" && pt.Type != "bool" || pt.Order != "" || pt.Scaled()):
			r.problem(path, fmt.Sprintf("%d, which is one bit, with a type, order, scale or offset", number), "none of them")
			return
		case !of.Bits && pt.Type == "bool":
			r.problem(schema.Join(pt.Path, "type"), `"bool"`, "a number: "+of.Command+" reads registers")
			return
		}
		words := pt.Words()
		if by, pt.At = of, address; last < 0 || address < first {
			first = address
		}
		last = max(last, address+words-1)
	}
	if by == nil {
		return
	}
	for i := range r.out.Points {
		r.out.Points[i].At -= first
	}
	count := last - first + 1
	if count > by.Most || last > 65_535 {
		r.problem(schema.Join(r.q.Path, "points"), fmt.Sprintf("registers from address %d to %d", first, last),
			fmt.Sprintf("at most %d in one request: two polls", by.Most))
	}
	for key, n := range map[string]int{by.Start: first, by.Count: count} {
		if _, given := r.q.Fields[key]; given {
			r.problem(schema.Join(schema.Join(r.q.Path, "fields"), key), key, "nothing: it follows from the points")
		}
		r.out.Fields[key] = n
	}
	r.out.Message, r.out.Values, r.out.Bits, r.out.Count = by.Command, by.Values, by.Bits, count
}

// find is how the register of a point is read, and its address.
func (r *resolving) find(pt *field.PollPoint) (*field.Registers, int) {
	for i := range r.p.Registers {
		by := &r.p.Registers[i]
		if r.q.Command != "" && r.q.Command != by.Command {
			continue
		}
		if pt.Register < 0 {
			if r.q.Command != "" {
				return by, pt.Address
			}
			continue
		}
		for _, n := range by.Numbers {
			if n[0] <= pt.Register && pt.Register <= n[1] {
				return by, pt.Register - n[0]
			}
		}
	}
	return nil, 0
}

func (r *resolving) readers() (names []string) {
	for i := range r.p.Registers {
		names = append(names, r.p.Registers[i].Command)
	}
	return names
}

func (r *resolving) numbers() string {
	var all []string
	for i := range r.p.Registers {
		by := &r.p.Registers[i]
		if r.q.Command != "" && r.q.Command != by.Command {
			continue
		}
		for _, n := range by.Numbers {
			all = append(all, fmt.Sprintf("%s (%d to %d)", by.Command, n[0], n[1]))
		}
	}
	if len(all) == 0 {
		return strings.Join(r.readers(), ", ")
	}
	return strings.Join(all, ", ")
}

func commandNames(p *program.Program) (names []string) {
	for _, c := range p.Orders {
		names = append(names, c.Name)
	}
	return names
}

// answerField is a field that a message of a master may have, by the last part of its path.
func answerField(p *program.Program, path string) *field.Field {
	key := path[strings.LastIndexByte(path, '.')+1:]
	for i := range p.Ops {
		if o := &p.Ops[i]; o.Field != nil && o.Field.Key == key {
			return o.Field
		}
	}
	return nil
}
