package expr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// operator of two operands.
type operator struct {
	Word string
	Code Code
}

// BinaryWords are the operators, weakest first; longer words stand before their beginnings.
var BinaryWords = [][]operator{
	{{"or", Or}},
	{{"and", And}},
	{{"!=", Ne}, {"<=", Le}, {">=", Ge}, {"==", Eq}, {"=", Eq}, {"<", Lt}, {">", Gt}},
	{{"+", Add}, {"-", Sub}, {"|", BitOr}},
	{{"<<", Shl}, {">>", Shr}, {"*", Mul}, {"/", Div}, {"%", Mod}, {"&", BitAnd}},
}

// usualRank is how strongly operators of one row bind in C and its kin.
var usualRank = map[Code]int{Mul: 3, Div: 3, Mod: 3, Shl: 2, Shr: 2, BitAnd: 1, Add: 2, Sub: 2, BitOr: 1}

// Scope is what the compiler tells of names.
type Scope struct {
	Has   func(name string) bool                        // whether a field has the name: it wins over a word
	Field func(name string) (*Expr, error)              // value of a field, or a part of a time
	Fold  func(list string, bits int64) (*Expr, error)  // some bits of all elements
	Table func(list string) (*Expr, error)              // value in one element; its A is set by the parser
	Label func(name, label string) (int64, bool, error) // value of a quoted text compared with a field
	Count func(e *Expr) error                           // text that is used as a number: at most 8 bytes
	Words bool                                          // whether the value may be a text, which others are compared with
}

// parser reads one expression.
type parser struct {
	Scope
	text  string
	i     int
	depth int
	last  string // name read last, for label
}

// Parse reads an expression; the error says what is wrong with it.
func Parse(text string, scope Scope) (*Expr, error) {
	p := &parser{Scope: scope, text: text}
	e, err := p.binary(0)
	if err == nil && p.skip() < len(p.text) {
		err = p.choice("%q is left over", p.text[p.i:])
	}
	if err == nil && !(p.Scope.Words && e.Kind == Text) {
		e, err = p.number(e)
	}
	if err != nil {
		return nil, err
	}
	e.Words = p.text
	return e.Done(), nil
}

func (p *parser) skip() int {
	for p.i < len(p.text) && p.text[p.i] == ' ' {
		p.i++
	}
	return p.i
}

// word takes w when it stands next; words of letters must end there.
func (p *parser) word(w string) bool {
	p.skip()
	if !strings.HasPrefix(p.text[p.i:], w) {
		return false
	}
	end := p.i + len(w)
	if isNameByte(w[0]) && end < len(p.text) && isNameByte(p.text[end]) {
		return false
	}
	if (w == "<" || w == ">") && end < len(p.text) && p.text[end] == w[0] {
		return false
	}
	p.i = end
	return true
}

func isNameByte(c byte) bool {
	return c == '_' || c == '.' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func (p *parser) name() string {
	start := p.skip()
	for p.i < len(p.text) && isNameByte(p.text[p.i]) {
		p.i++
	}
	return p.text[start:p.i]
}

func (p *parser) binary(level int) (*Expr, error) {
	if level == len(BinaryWords) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	before := 0
next:
	for err == nil {
		for _, op := range BinaryWords[level] {
			if !p.word(op.Word) {
				continue
			}
			var right *Expr
			if right, err = p.binary(level + 1); err == nil {
				left, err = p.join(op, left, right)
			}
			if rank := usualRank[op.Code]; err == nil {
				left.Loose, before = before > 0 && rank > before, rank
			}
			continue next
		}
		return left, nil
	}
	return nil, err
}

// number is e as an operand of arithmetic.
func (p *parser) number(e *Expr) (*Expr, error) {
	if e.Kind != Text {
		return e, nil
	}
	err := p.Count(e)
	e.Kind = Natural
	return e, err
}

// join is the node of an operator.
func (p *parser) join(op operator, a, b *Expr) (_ *Expr, err error) {
	e := &Expr{Code: op.Code, A: a, B: b}
	literal := func(x, y *Expr) bool {
		is := x.Kind == Text && y.Code == Const && y.Value != 0
		if is {
			y.Kind = Natural
		}
		return is
	}
	if (op.Code == Eq || op.Code == Ne) && (literal(a, b) || literal(b, a)) {
		e.Mixed = true
		return e, nil
	}
	if e.A, err = p.number(a); err == nil {
		e.B, err = p.number(b)
	}
	if err != nil {
		return nil, err
	}
	real, natural := a.Kind == Real || b.Kind == Real, a.Kind == Natural || b.Kind == Natural
	small := func(x *Expr, least int64) bool { return x.Code == Const && x.Kind == Int && x.Value >= least }
	e.Mixed = real || natural
	switch op.Code {
	case Or, And:
		e.A, e.B, e.Mixed = a.Nonzero(), b.Nonzero(), false
	case Add, Sub, Mul, Div:
		switch {
		case real:
			e.Kind = Real
		case op.Code == Div && a.Kind == Natural && !small(b, 2):
			e.Kind = Natural
		}
	case Mod, Shl, Shr, BitAnd, BitOr:
		switch {
		case real:
			return nil, fmt.Errorf("%s is of whole numbers, and one side is a real number", op.Word)
		case natural && op.Code == BitOr, natural && op.Code == BitAnd && !small(a, 0) && !small(b, 0),
			a.Kind == Natural && (op.Code == Mod || op.Code == Shr) && !small(b, 1):
			e.Kind = Natural
		}
	}
	return e, nil
}

// Nonzero is the truth of a real number.
func (e *Expr) Nonzero() *Expr {
	if e.Kind != Real {
		return e
	}
	return &Expr{Code: Ne, Mixed: true, A: e, B: &Expr{Code: Const}}
}

func (p *parser) unary() (*Expr, error) {
	if p.depth++; p.depth > 200 {
		return nil, fmt.Errorf("too deep")
	}
	switch {
	case p.word("not"):
		a, err := p.unary()
		if err == nil {
			a, err = p.number(a)
		}
		if err != nil {
			return nil, err
		}
		return &Expr{Code: Not, A: a.Nonzero()}, nil
	case p.word("-"):
		a, err := p.unary()
		if err == nil {
			a, err = p.number(a)
		}
		switch {
		case err != nil:
			return nil, err
		case a.Kind == Natural:
			return &Expr{Code: Sub, Mixed: true, A: &Expr{Code: Const}, B: a}, nil
		}
		return &Expr{Code: Neg, Kind: a.Kind, A: a}, nil
	case p.word("("):
		e, err := p.binary(0)
		if err == nil {
			err = p.closed()
		}
		return e, err
	case p.i < len(p.text) && p.text[p.i] == '\'':
		return p.literal()
	}
	start := p.i
	name := p.name()
	if name == "" {
		for sign, word := range map[string]string{"&": "and", "|": "or", "!": "not"} {
			if rest := p.text[start:]; strings.HasPrefix(rest, sign) {
				return nil, fmt.Errorf("%q is written %q here", strings.Repeat(sign, 1+int(Truth(sign != "!"))), word)
			}
		}
		return nil, fmt.Errorf("a number, a field or a parenthesis is missing at %q", p.text[start:])
	}
	if name[0] < '0' || name[0] > '9' {
		return p.named(name)
	}
	if v, err := strconv.ParseUint(name, 0, 64); err == nil {
		return naturalOf(v), nil
	}
	v, err := strconv.ParseFloat(name, 64)
	if err == nil && strings.Contains(name, ".") && !strings.HasPrefix(name, "0x") {
		return &Expr{Code: Const, Kind: Real, Value: int64(math.Float64bits(v))}, nil
	}
	return nil, fmt.Errorf("%q is not a number", name)
}

// naturalOf is the constant of a number without sign.
func naturalOf(v uint64) *Expr {
	e := &Expr{Code: Const, Value: int64(v)}
	if v > math.MaxInt64 {
		e.Kind = Natural
	}
	return e
}

func (p *parser) closed() error {
	if !p.word(")") {
		return p.choice("a parenthesis is not closed")
	}
	return nil
}

// choice is an error, with what to write where it is about a choice of two numbers as in C.
func (p *parser) choice(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if p.skip() < len(p.text) && p.text[p.i] == '?' {
		err = fmt.Errorf("%w: a choice of two numbers is written as a sum, such as 2 + (unit != 1)", err)
	}
	return err
}

func (p *parser) quoted() (string, error) {
	end := strings.IndexByte(p.text[p.i+1:], '\'')
	if end < 0 {
		return "", fmt.Errorf("a quotation mark is not closed")
	}
	text := p.text[p.i+1 : p.i+1+end]
	p.i += end + 2
	return text, nil
}

// literal is a text in quotes: a label of the field named last, or its bytes as a number.
func (p *parser) literal() (*Expr, error) {
	text, err := p.quoted()
	if err != nil {
		return nil, err
	}
	if v, ok, err := p.Label(p.last, text); ok || err != nil {
		return &Expr{Code: Const, Value: v}, err
	}
	if len(text) > 8 || text == "" {
		return nil, fmt.Errorf("'%s' is not of 1 to 8 bytes", text)
	}
	var v uint64
	for i := range len(text) {
		v = v<<8 | uint64(text[i])
	}
	return naturalOf(v), nil
}

// named is a field, or one of the words that say what surrounds the place.
func (p *parser) named(name string) (*Expr, error) {
	call := p.skip() < len(p.text) && p.text[p.i] == '('
	if !call && p.Has(name) {
		p.last = name
		return p.Field(name)
	}
	switch name {
	case "remaining":
		return &Expr{Code: Remaining}, nil
	case "next":
		e := &Expr{Code: Next}
		if !call {
			return e, nil
		}
		p.word("(")
		return p.skipping(e)
	case "uplink":
		return &Expr{Code: Uplink}, nil
	case "downlink":
		return &Expr{Code: Not, A: &Expr{Code: Uplink}}, nil
	case "index":
		return &Expr{Code: Index}, nil
	case "ahead":
		return p.ahead()
	case "join":
		list, err := p.list("join needs a list and a number of bits: join(list.field, bits)")
		if err != nil {
			return nil, err
		}
		bits, err := p.unary()
		if err != nil || bits.Code != Const || bits.Value < 1 || bits.Value > 32 || !p.word(")") {
			return nil, fmt.Errorf("join needs a number of bits from 1 to 32")
		}
		return p.Fold(list, bits.Value)
	case "at":
		list, err := p.list("at needs a list and a number: at(list.field, index)")
		if err != nil {
			return nil, err
		}
		e, err := p.Table(list)
		if err != nil {
			return nil, err
		}
		return p.skipping(e)
	}
	p.last = name
	return p.Field(name)
}

// list is the name of a field of a list, with the comma behind it.
func (p *parser) list(usage string) (name string, err error) {
	if p.word("(") {
		name = p.name()
	}
	if name == "" || !p.word(",") {
		return "", fmt.Errorf("%s", usage)
	}
	return name, nil
}

// skipping reads the number and the parenthesis that end a call: which byte, or which element.
func (p *parser) skipping(e *Expr) (_ *Expr, err error) {
	if e.A, err = p.binary(0); err == nil {
		e.A, err = p.number(e.A)
	}
	if err == nil && e.A.Kind == Real {
		err = fmt.Errorf("a whole number is needed")
	}
	if err == nil {
		err = p.closed()
	}
	return e, err
}

// ahead is a look at bytes to come: characters in quotes or bytes in hexadecimal, then how many bytes on.
func (p *parser) ahead() (_ *Expr, err error) {
	usage := errors.New("ahead needs a text or bytes: ahead('AB'), ahead(0x0d0a), and how many bytes on: ahead('AB', 2)")
	e := &Expr{Code: Ahead}
	if !p.word("(") || p.skip() == len(p.text) {
		return nil, usage
	}
	if p.text[p.i] == '\'' {
		text, err := p.quoted()
		if e.Text = []byte(text); err != nil {
			return nil, err
		}
	} else if digits, ok := strings.CutPrefix(p.name(), "0x"); !ok || len(digits)%2 != 0 {
		return nil, usage
	} else if _, err := fmt.Sscanf(digits, "%x", &e.Text); err != nil {
		return nil, usage
	}
	if p.word(",") {
		return p.skipping(e)
	}
	return e, p.closed()
}
