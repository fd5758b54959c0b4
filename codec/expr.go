package codec

import (
	"fmt"
	"strconv"
	"strings"
)

// Expressions say sizes, counts, conditions and computed values: whole numbers, names of fields decoded before,
// arithmetic and comparisons.  They have no loops and no effects, so they always end, and one in which a single
// field occurs can be turned round (see invert): that is how lengths and counts are filled when encoding.

// exprCode is what a node of an expression does.
type exprCode uint8

const (
	exConst     exprCode = iota
	exReg                // value of a field
	exRemaining          // bytes left in the region
	exNext               // the next byte, not consumed
	exAhead              // whether the next bytes are text
	exUplink             // whether the frame goes to the server
	exIndex              // number of the element in the list around
	exAt                 // value of a field in one element of a list
	exOr
	exAnd
	exNot
	exEq
	exNe
	exLt
	exLe
	exGt
	exGe
	exAdd
	exSub
	exBitOr
	exMul
	exDiv
	exMod
	exShl
	exShr
	exBitAnd
	exNeg
)

type expr struct {
	code  exprCode
	a, b  *expr
	value int64 // exConst
	reg   int   // exReg
	text  []byte
	words string // the whole expression as it is written
	mixed bool   // stands behind a weaker operator of its row, which other languages would compute after it
	looks bool   // sees, told once for the whole expression
	plain plain  // likewise
}

// binaryWords are the operators, weakest first; longer words stand before their beginnings.
var binaryWords = [][]struct {
	word string
	code exprCode
}{
	{{"or", exOr}},
	{{"and", exAnd}},
	{{"!=", exNe}, {"<=", exLe}, {">=", exGe}, {"==", exEq}, {"=", exEq}, {"<", exLt}, {">", exGt}},
	{{"+", exAdd}, {"-", exSub}, {"|", exBitOr}},
	{{"<<", exShl}, {">>", exShr}, {"*", exMul}, {"/", exDiv}, {"%", exMod}, {"&", exBitAnd}},
}

// usualRank is how strongly operators of one row bind in C and its kin.
var usualRank = map[exprCode]int{exMul: 3, exDiv: 3, exMod: 3, exShl: 2, exShr: 2, exBitAnd: 1, exAdd: 2, exSub: 2, exBitOr: 1}

// constant is the expression of a number.
func constant(v int64) *expr {
	e := &expr{code: exConst, value: v}
	e.plain = e.simplify()
	return e
}

// exprParser reads one expression; names are resolved by the compiler.
type exprParser struct {
	text  string
	i     int
	depth int
	field func(name string) (reg int, err error)
	fold  func(list string, bits int64) (reg int, err error)
	part  func(name string) *expr // part of a time, such as clock.hour; nil when it is none
	table func(list string) (table int, err error)
	label func(name, label string) (int64, bool, error) // value of a quoted text compared with a field
	last  string                                        // name read last, for label
}

func (p *exprParser) parse() (*expr, error) {
	e, err := p.binary(0)
	if err == nil && p.skip() < len(p.text) {
		err = fmt.Errorf("%q is left over", p.text[p.i:])
	}
	if err == nil {
		e.looks = e.sees()
		e.plain = e.simplify()
	}
	return e, err
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

func (p *exprParser) binary(level int) (*expr, error) {
	if level == len(binaryWords) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	before := 0
next:
	for err == nil {
		for _, op := range binaryWords[level] {
			if p.word(op.word) {
				var right *expr
				right, err = p.binary(level + 1)
				rank := usualRank[op.code]
				left = &expr{code: op.code, a: left, b: right, mixed: before > 0 && rank > before}
				before = rank
				continue next
			}
		}
		return left, nil
	}
	return nil, err
}

func (p *exprParser) unary() (*expr, error) {
	if p.depth++; p.depth > 200 {
		return nil, fmt.Errorf("too deep")
	}
	for _, op := range []struct {
		word string
		code exprCode
	}{{"not", exNot}, {"-", exNeg}} {
		if p.word(op.word) {
			a, err := p.unary()
			return &expr{code: op.code, a: a}, err
		}
	}
	if p.word("(") {
		e, err := p.binary(0)
		if err == nil && !p.word(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return e, err
	}
	if p.skip() < len(p.text) && p.text[p.i] == '\'' {
		text, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if p.label != nil {
			if v, ok, err := p.label(p.last, text); ok || err != nil {
				return &expr{code: exConst, value: v}, err
			}
		}
		if len(text) > 8 || text == "" {
			return nil, fmt.Errorf("'%s' is not of 1 to 8 bytes", text)
		}
		return &expr{code: exConst, value: int64(loadBE([]byte(text)))}, nil
	}
	start := p.i
	for p.i < len(p.text) && isNameByte(p.text[p.i]) {
		p.i++
	}
	name := p.text[start:p.i]
	if name == "" {
		for sign, word := range map[string]string{"&": "and", "|": "or", "!": "not"} {
			if rest := p.text[start:]; strings.HasPrefix(rest, sign) {
				return nil, fmt.Errorf("%q is written %q here", strings.Repeat(sign, 1+int(truth(sign != "!"))), word)
			}
		}
		return nil, fmt.Errorf("a number, a field or a parenthesis is missing at %q", p.text[start:])
	}
	if name[0] >= '0' && name[0] <= '9' {
		v, err := strconv.ParseInt(name, 0, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", name)
		}
		return &expr{code: exConst, value: v}, nil
	}
	return p.named(name)
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

// named is a field, or one of the words that say what surrounds the place.
func (p *exprParser) named(name string) (*expr, error) {
	switch name {
	case "remaining":
		return &expr{code: exRemaining}, nil
	case "next":
		return &expr{code: exNext}, nil
	case "uplink":
		return &expr{code: exUplink}, nil
	case "downlink":
		return &expr{code: exNot, a: &expr{code: exUplink}}, nil
	case "index":
		return &expr{code: exIndex}, nil
	case "ahead":
		if !p.word("(") || p.skip() >= len(p.text) || p.text[p.i] != '\'' {
			return nil, fmt.Errorf("ahead needs a text: ahead('AB')")
		}
		text, err := p.quoted()
		if err == nil && !p.word(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return &expr{code: exAhead, text: []byte(text)}, err
	case "join":
		return p.join()
	case "at":
		return p.at()
	}
	p.last = name
	if p.part != nil {
		if e := p.part(name); e != nil {
			return e, nil
		}
	}
	reg, err := p.field(name)
	return &expr{code: exReg, reg: reg}, err
}

// at is the value of a field in one element of a list.
func (p *exprParser) at() (*expr, error) {
	if !p.word("(") {
		return nil, fmt.Errorf("at needs a list and a number: at(list.field, index)")
	}
	p.skip()
	start := p.i
	for p.i < len(p.text) && isNameByte(p.text[p.i]) {
		p.i++
	}
	name := p.text[start:p.i]
	if !p.word(",") {
		return nil, fmt.Errorf("at needs a list and a number: at(list.field, index)")
	}
	which, err := p.binary(0)
	if err == nil && !p.word(")") {
		err = fmt.Errorf("a parenthesis is not closed")
	}
	if err != nil {
		return nil, err
	}
	table, err := p.table(name)
	return &expr{code: exAt, a: which, reg: table}, err
}

func (p *exprParser) join() (*expr, error) {
	if !p.word("(") {
		return nil, fmt.Errorf("join needs a list: join(list.field, bits)")
	}
	p.skip()
	start := p.i
	for p.i < len(p.text) && isNameByte(p.text[p.i]) {
		p.i++
	}
	name := p.text[start:p.i]
	if !p.word(",") {
		return nil, fmt.Errorf("join needs a number of bits: join(list.field, bits)")
	}
	bits, err := p.unary()
	if err != nil || bits.code != exConst || bits.value < 1 || bits.value > 32 || !p.word(")") {
		return nil, fmt.Errorf("join needs a number of bits from 1 to 32")
	}
	reg, err := p.fold(name, bits.value)
	return &expr{code: exReg, reg: reg}, err
}
