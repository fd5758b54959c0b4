package scalar

import (
	"fmt"
	"math"
	"math/big"
	"strconv"

	"trama/codec/internal/field"
)

// Degrees and minutes, ddmm.mmmm, are shown as degrees.

func (o *Op) degrees() bool { return o.Form != nil && o.Form.Degrees }

// degreesOf is the degrees of ddmm.mmmm.
func degreesOf(v float64) float64 {
	whole := math.Floor(math.Abs(v) / 100)
	return math.Copysign(whole+(math.Abs(v)-whole*100)/60, v)
}

// minutesOf is the inverse of degreesOf.
func minutesOf(x float64) float64 {
	whole := math.Floor(math.Abs(x))
	return math.Copysign(whole*100+(math.Abs(x)-whole)*60, x)
}

// parseDegrees turns degrees into a whole number ddmm.mmmm.
func (o *Op) parseDegrees(text string) (uint64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is not a number", field.ErrValue, text)
	}
	sign := ""
	if x < 0 {
		sign, x = "-", -x
	}
	scale := big.NewRat(1, 1)
	if o.Scale != nil {
		scale.SetFrac64(o.Scale.A, o.Scale.C)
	}
	step, _ := scale.Float64()
	degrees := math.Floor(x)
	minutes := math.Round((x - degrees) * 60 / step)
	whole := new(big.Rat).SetInt64(int64(degrees) * 100)
	if whole.Quo(whole, scale); !whole.IsInt() {
		return 0, fmt.Errorf("%w: %v degrees", field.ErrValue, x)
	}
	raw := new(big.Int).Add(whole.Num(), big.NewInt(int64(minutes)))
	plain := *o
	plain.Scale = nil
	return plain.ParseInteger(sign + raw.String())
}

// degreeMinuteText writes degrees as dddmm.mmmm, with so many digits of degrees and places of minutes.
func degreeMinuteText(x float64, digits, places int) string {
	if places == 0 {
		places = 4
	}
	sign := ""
	if x < 0 {
		sign, x = "-", -x
	}
	ten := math.Pow10(places)
	steps := math.Round(x * 60 * ten) // of the last place of a minute
	degrees := math.Floor(steps / (60 * ten))
	return fmt.Sprintf("%s%0*d%0*.*f", sign, digits, int(degrees), places+3, places, (steps-degrees*60*ten)/ten)
}
