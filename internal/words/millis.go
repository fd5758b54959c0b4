package words

import (
	"fmt"
	"strconv"
	"time"
)

// Millis is a duration that is a number of milliseconds, with three decimals, in JSON.
type Millis time.Duration

// MarshalJSON implements json.Marshaler.
func (m Millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(m)/float64(time.Millisecond), 'f', 3, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Millis) UnmarshalJSON(text []byte) error {
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return fmt.Errorf("milliseconds: %q is not a number", text)
	}
	*m = Millis(v * float64(time.Millisecond))
	return nil
}

// String is the duration in words, to the microsecond.
func (m Millis) String() string { return time.Duration(m).Round(time.Microsecond).String() }
