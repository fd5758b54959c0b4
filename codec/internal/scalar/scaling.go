package scalar

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"trama/codec/internal/field"
)

// Scaling turns the integer on the wire into the value it stands for: value = raw × scale + offset.
// Both are kept as fractions, so that 2301 × 0.1 is 230.1 and not 230.10000000000002:
// value = (raw × a + b) / c, with one rounding.
type Scaling struct {
	A, B, C int64
	Exact   bool // every value has a finite decimal form, of so many
	places  int  // decimal places
}

const maxExactFloat = 1 << 53

// NewScaling of scale and offset, each a number or a string ("0.1", "1/1800000").
func NewScaling(scale, offset any) (*Scaling, error) {
	s, err := ratOf(scale)
	if err != nil {
		return nil, err
	}
	o, err := ratOf(offset)
	if err != nil {
		return nil, err
	}
	if s.Sign() == 0 {
		return nil, errors.New("zero")
	}
	a := new(big.Int).Mul(s.Num(), o.Denom())
	b := new(big.Int).Mul(o.Num(), s.Denom())
	c := new(big.Int).Mul(s.Denom(), o.Denom())
	divisor := new(big.Int).GCD(nil, nil, new(big.Int).Abs(a), c)
	if b.Sign() != 0 {
		divisor.GCD(nil, nil, divisor, new(big.Int).Abs(b))
	}
	for _, n := range []*big.Int{a, b, c} {
		n.Quo(n, divisor)
		if !n.IsInt64() || n.Int64() > maxExactFloat || n.Int64() < -maxExactFloat {
			return nil, errors.New("too fine or too large")
		}
	}
	out := &Scaling{A: a.Int64(), B: b.Int64(), C: c.Int64()}
	rest, twos, fives := out.C, 0, 0
	for ; rest%2 == 0; twos++ {
		rest /= 2
	}
	for ; rest%5 == 0; fives++ {
		rest /= 5
	}
	out.places = max(twos, fives)
	out.Exact = rest == 1 && out.places <= 15
	return out, nil
}

// ratOf reads a number exactly as it is written in decimal.
func ratOf(v any) (*big.Rat, error) {
	var text string
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("not a finite number")
		}
		text = strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		text = v
	default:
		return nil, fmt.Errorf("%v", v)
	}
	return ParseRat(text)
}

// ParseRat reads a decimal number or a fraction, refusing the sizes that would only cost memory.
func ParseRat(text string) (*big.Rat, error) {
	if len(text) > 64 {
		return nil, errors.New("too many digits")
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f != 0 && (math.Abs(f) > 1e40 || math.Abs(f) < 1e-40) {
		return nil, errors.New("too large or too small")
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", text)
	}
	return r, nil
}

// number is the integer product raw × a + b; ok is false when it is too large to be exact as a float64.
func (s *Scaling) number(raw int64) (n int64, ok bool) {
	n = raw * s.A
	if raw != 0 && (n/raw != s.A || raw == -1 && n == math.MinInt64) {
		return 0, false
	}
	sum := n + s.B
	return sum, sum <= maxExactFloat && sum >= -maxExactFloat && n <= maxExactFloat && n >= -maxExactFloat
}

// value of a raw signed integer.
func (s *Scaling) value(raw int64) float64 {
	if n, ok := s.number(raw); ok {
		return float64(n) / float64(s.C)
	}
	return (float64(raw)*float64(s.A) + float64(s.B)) / float64(s.C)
}

// rat is the exact value of a raw integer.
func (s *Scaling) rat(raw *big.Int) *big.Rat {
	n := new(big.Int).Mul(raw, big.NewInt(s.A))
	n.Add(n, big.NewInt(s.B))
	return new(big.Rat).SetFrac(n, big.NewInt(s.C))
}

// appendText writes the value so that raw gives it back exactly.
func (s *Scaling) appendText(dst []byte, raw *big.Int) []byte {
	if raw.IsInt64() {
		if n, ok := s.number(raw.Int64()); ok {
			// Up to 15 significant digits survive a float64.
			v := float64(n) / float64(s.C)
			if !s.Exact || math.Abs(v)*math.Pow10(s.places) < 1e15 {
				return strconv.AppendFloat(dst, v, 'f', -1, 64)
			}
		}
	}
	places := 25
	if s.Exact {
		places = s.places
	}
	return append(dst, s.rat(raw).FloatString(places)...)
}

// plainRat writes a number in decimal where it has an end there.
func plainRat(x *big.Rat) string {
	if places, exact := x.FloatPrec(); exact {
		return x.FloatString(places)
	}
	return x.RatString()
}

// raw finds the integer that stands for value.  A value between two steps is an error where steps have a finite
// decimal form, and rounded where they have not (nobody can type a multiple of 1/1800000).
func (s *Scaling) raw(value *big.Rat) (*big.Int, error) {
	x := new(big.Rat).Mul(value, new(big.Rat).SetInt64(s.C))
	x.Sub(x, new(big.Rat).SetInt64(s.B))
	x.Quo(x, new(big.Rat).SetInt64(s.A))
	if x.IsInt() {
		return new(big.Int).Set(x.Num()), nil
	}
	if s.Exact {
		step := new(big.Rat).SetFrac64(s.A, s.C)
		return nil, fmt.Errorf("%w: %s is between two steps of %s", field.ErrValue, plainRat(value), plainRat(step.Abs(step)))
	}
	half := big.NewRat(1, 2)
	if x.Sign() < 0 {
		half.Neg(half)
	}
	x.Add(x, half)
	return new(big.Int).Quo(x.Num(), x.Denom()), nil
}
