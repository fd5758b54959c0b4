package decode

import (
	"fmt"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
)

// explain is why load refused b, or why a part refused num.
func explain(o *scalar.Op, b []byte, num uint64) error {
	if b == nil && o.Form != nil && o.Form.Packed && num == scalar.NoDigits {
		return fmt.Errorf("%w: among the bits", field.ErrDigit)
	}
	if b == nil {
		return o.Beyond(scalar.Value{Op: o, Num: num})
	}
	return explainForm(o, b)
}

// explainForm is why read refused b.
func explainForm(o *scalar.Op, b []byte) error {
	if o.Form != nil && o.Form.Bounded && len(b) > 8 {
		return fmt.Errorf("%w: %d bytes, allowed 8 where an expression sees them as a number", field.ErrLength, len(b))
	}
	if refuse := scalar.WireTypes[o.Code].Refuse; refuse != nil {
		if err := refuse(o, b); err != nil {
			return err
		}
	}
	if o.Size == 0 {
		return fmt.Errorf("%w: %s", field.ErrRange, scalar.Printable(b))
	}
	num, _ := scalar.WireTypes[o.Code].Read(o, b)
	return o.Beyond(scalar.Value{Op: o, Num: num, Data: b})
}
