package codec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// operator of two operands.
type operator struct {
	word string
	code exprCode
}

// binaryWords are the operators, weakest first; longer words stand before their beginnings.
var binaryWords = [][]operator{
	{{"or", exOr}},
	{{"and", exAnd}},
	{{"!=", exNe}, {"<=", exLe}, {">=", exGe}, {"==", exEq}, {"=", exEq}, {"<", exLt}, {">", exGt}},
	{{"+", exAdd}, {"-", exSub}, {"|", exBitOr}},
	{{"<<", exShl}, {">>", exShr}, {"*", exMul}, {"/", exDiv}, {"%", exMod}, {"&", exBitAnd}},
}

// usualRank is how strongly operators of one row bind in C and its kin.
var usualRank = map[exprCode]int{exMul: 3, exDiv: 3, exMod: 3, exShl: 2, exShr: 2, exBitAnd: 1, exAdd: 2, exSub: 2, exBitOr: 1}

// exprScope is what the compiler tells of names.
type exprScope struct {
	has   func(name string) bool                        // whether a field has the name: it wins over a word
	field func(name string) (*expr, error)              // value of a field, or a part of a time
	fold  func(list string, bits int64) (*expr, error)  // some bits of all elements
	table func(list string) (*expr, error)              // value in one element; its a is set
	label func(name, label string) (int64, bool, error) // value of a quoted text compared with a field
	count func(e *expr) error                           // text that is used as a number: at most 8 bytes
}

// exprParser reads one expression.
type exprParser struct {
	exprScope
	text  string
	i     int
	depth int
	last  string // name read last, for label
}

func (p *exprParser) parse() (*expr, error) {
	e, err := p.binary(0)
	if err == nil && p.skip() < len(p.text) {
		if err = fmt.Errorf("%q is left over", p.text[p.i:]); p.text[p.i] == '?' {
			err = fmt.Errorf("%w: a choice of two numbers is written as a sum, such as 2 + (unit != 1)", err)
		}
	}
	if err == nil {
		e, err = p.number(e)
	}
	if err != nil {
		return nil, err
	}
	e.words = p.text
	return e.done(), nil
}

func (p *exprParser) skip() int {
	for p.i < len(p.text) && p.text[p.i] == ' ' {
		p.i++
	}
	return p.i
}

// word takes w when it stands next; words of letters must end there.
func (p *exprParser) word(w string) bool {
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

func (p *exprParser) name() string {
	start := p.skip()
	for p.i < len(p.text) && isNameByte(p.text[p.i]) {
		p.i++
	}
	return p.text[start:p.i]
}

func (p *exprParser) binary(level int) (*expr, error) {
	if level == len(binaryWords) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	before := 0
next:
	for err == nil {
		for _, op := range binaryWords[level] {
			if !p.word(op.word) {
				continue
			}
			var right *expr
			if right, err = p.binary(level + 1); err == nil {
				left, err = p.join(op, left, right)
			}
			if rank := usualRank[op.code]; err == nil {
				left.loose, before = before > 0 && rank > before, rank
			}
			continue next
		}
		return left, nil
	}
	return nil, err
}

// number is e as an operand of arithmetic.
func (p *exprParser) number(e *expr) (*expr, error) {
	if e.kind != exprText {
		return e, nil
	}
	err := p.count(e)
	e.kind = exprNatural
	return e, err
}

// join is the node of an operator.
func (p *exprParser) join(op operator, a, b *expr) (_ *expr, err error) {
	e := &expr{code: op.code, a: a, b: b}
	if isText := func(x, y *expr) bool { return x.kind == exprText && y.code == exConst && y.value != 0 }; (op.code == exEq || op.code == exNe) && (isText(a, b) || isText(b, a)) {
		e.mixed = true // a longer text counts as 0, which differs from the other
		return e, nil
	}
	if e.a, err = p.number(a); err == nil {
		e.b, err = p.number(b)
	}
	if err != nil {
		return nil, err
	}
	real, natural := a.kind == exprReal || b.kind == exprReal, a.kind == exprNatural || b.kind == exprNatural
	small := func(x *expr, least int64) bool { return x.code == exConst && x.kind == exprInt && x.value >= least }
	e.mixed = real || natural
	switch op.code {
	case exOr, exAnd:
		e.a, e.b, e.mixed = a.nonzero(), b.nonzero(), false
	case exAdd, exSub, exMul, exDiv:
		switch {
		case real:
			e.kind = exprReal
		case op.code == exDiv && a.kind == exprNatural && !small(b, 2):
			e.kind = exprNatural
		}
	case exMod, exShl, exShr, exBitAnd, exBitOr:
		switch {
		case real:
			return nil, fmt.Errorf("%s is of whole numbers, and one side is a real number", op.word)
		case natural && op.code == exBitOr, natural && op.code == exBitAnd && !small(a, 0) && !small(b, 0),
			a.kind == exprNatural && (op.code == exMod || op.code == exShr) && !small(b, 1):
			e.kind = exprNatural
		}
	}
	return e, nil
}

// nonzero is the truth of a real number.
func (e *expr) nonzero() *expr {
	if e.kind != exprReal {
		return e
	}
	return &expr{code: exNe, mixed: true, a: e, b: &expr{code: exConst}}
}

func (p *exprParser) unary() (*expr, error) {
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
		return &expr{code: exNot, a: a.nonzero()}, nil
	case p.word("-"):
		a, err := p.unary()
		if err == nil {
			a, err = p.number(a)
		}
		switch {
		case err != nil:
			return nil, err
		case a.kind == exprNatural:
			return &expr{code: exSub, mixed: true, a: &expr{code: exConst}, b: a}, nil
		}
		return &expr{code: exNeg, kind: a.kind, a: a}, nil
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
				return nil, fmt.Errorf("%q is written %q here", strings.Repeat(sign, 1+int(truth(sign != "!"))), word)
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
	if v, err := strconv.ParseFloat(name, 64); err == nil && strings.Contains(name, ".") && !strings.HasPrefix(name, "0x") {
		return &expr{code: exConst, kind: exprReal, value: int64(math.Float64bits(v))}, nil
	}
	return nil, fmt.Errorf("%q is not a number", name)
}

// naturalOf is the constant of a number without sign.
func naturalOf(v uint64) *expr {
	e := &expr{code: exConst, value: int64(v)}
	if v > math.MaxInt64 {
		e.kind = exprNatural
	}
	return e
}

func (p *exprParser) closed() error {
	if !p.word(")") {
		return fmt.Errorf("a parenthesis is not closed")
	}
	return nil
}

func (p *exprParser) quoted() (string, error) {
	end := strings.IndexByte(p.text[p.i+1:], '\'')
	if end < 0 {
		return "", fmt.Errorf("a quotation mark is not closed")
	}
	text := p.text[p.i+1 : p.i+1+end]
	p.i += end + 2
	return text, nil
}

// literal is a text in quotes: a label of the field named last, or its bytes as a number.
func (p *exprParser) literal() (*expr, error) {
	text, err := p.quoted()
	if err != nil {
		return nil, err
	}
	if v, ok, err := p.label(p.last, text); ok || err != nil {
		return &expr{code: exConst, value: v}, err
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
func (p *exprParser) named(name string) (*expr, error) {
	call := p.skip() < len(p.text) && p.text[p.i] == '('
	if !call && p.has(name) {
		p.last = name
		return p.field(name)
	}
	switch name {
	case "remaining":
		return &expr{code: exRemaining}, nil
	case "next":
		e := &expr{code: exNext}
		if !call {
			return e, nil
		}
		p.word("(")
		return p.skipping(e)
	case "uplink":
		return &expr{code: exUplink}, nil
	case "downlink":
		return &expr{code: exNot, a: &expr{code: exUplink}}, nil
	case "index":
		return &expr{code: exIndex}, nil
	case "ahead":
		return p.ahead()
	case "join":
		list, err := p.list("join needs a list and a number of bits: join(list.field, bits)")
		if err != nil {
			return nil, err
		}
		bits, err := p.unary()
		if err != nil || bits.code != exConst || bits.value < 1 || bits.value > 32 || !p.word(")") {
			return nil, fmt.Errorf("join needs a number of bits from 1 to 32")
		}
		return p.fold(list, bits.value)
	case "at":
		list, err := p.list("at needs a list and a number: at(list.field, index)")
		if err != nil {
			return nil, err
		}
		e, err := p.table(list)
		if err != nil {
			return nil, err
		}
		return p.skipping(e)
	}
	p.last = name
	return p.field(name)
}

// list is the name of a field of a list, with the comma behind it.
func (p *exprParser) list(usage string) (name string, err error) {
	if p.word("(") {
		name = p.name()
	}
	if name == "" || !p.word(",") {
		return "", fmt.Errorf("%s", usage)
	}
	return name, nil
}

// skipping reads the number and the parenthesis that end a call: which byte, or which element.
func (p *exprParser) skipping(e *expr) (_ *expr, err error) {
	if e.a, err = p.binary(0); err == nil {
		e.a, err = p.number(e.a)
	}
	if err == nil && e.a.kind == exprReal {
		err = fmt.Errorf("a whole number is needed")
	}
	if err == nil {
		err = p.closed()
	}
	return e, err
}

// ahead is a look at bytes to come: characters in quotes or bytes in hexadecimal, then how many bytes on.
func (p *exprParser) ahead() (_ *expr, err error) {
	e, usage := &expr{code: exAhead}, fmt.Errorf("ahead needs a text or bytes: ahead('AB'), ahead(0x0d0a), and how many bytes on: ahead('AB', 2)")
	if !p.word("(") || p.skip() == len(p.text) {
		return nil, usage
	}
	if p.text[p.i] == '\'' {
		text, err := p.quoted()
		if e.text = []byte(text); err != nil {
			return nil, err
		}
	} else if digits, ok := strings.CutPrefix(p.name(), "0x"); !ok || len(digits)%2 != 0 {
		return nil, usage
	} else if _, err := fmt.Sscanf(digits, "%x", &e.text); err != nil {
		return nil, usage
	}
	if p.word(",") {
		return p.skipping(e)
	}
	return e, p.closed()
}
