package frame

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
)

// Polled lists the samples that a poll makes of the answer f to it, in the order of its points; what the answer does not
// hold is left out.  received is when it came.
func (f *Frame) Polled(q *program.Poll, received time.Time, into *Samples) {
	into.List, into.plan = into.List[:0], nil
	device, dated := f.Timestamp()
	var words []uint64
	var bits []byte
	if i := f.At(q.Values); q.Values != "" && i >= 0 {
		if q.Bits {
			bits = f.Bytes(i)
		}
		for k := i + 1; !q.Bits && k < len(f.Cells) && f.Cells[k].Depth > f.Cells[i].Depth; k++ {
			words = append(words, f.Nums[k])
		}
		if len(words) < q.Count && len(bits) < (q.Count+7)/8 {
			return // of another request
		}
	}
	for i := range q.Points {
		p := &q.Points[i]
		s := Sample{Point: []byte(p.Name), unit: p.Unit, apart: true}
		switch {
		case p.Field != "":
			at := f.At(p.Field)
			if at < 0 {
				continue
			}
			it := f.ItemAt(at, &f.Program.Ops[f.Cells[at].Op])
			if s.value = it.value(); s.unit == "" {
				s.unit = it.Field.Unit
			}
			if x, number := s.value.Number(); number && p.Scaled() {
				s.value = scaled(p, x)
			}
		case bits != nil:
			s.value = Value{Kind: ValueUint, bits: uint64(bits[p.At/8] >> (p.At % 8) & 1)}
		case words != nil:
			s.value = registers(p, words[p.At:p.At+p.Words()])
		default:
			continue
		}
		if dated {
			s.Device = device
			if !Meant(device, received) {
				s.Quality = SuspectTime
			}
		}
		if s.value.Missing() {
			s.Quality = Missing
		} else if s.value.Kind == ValueFloat {
			if x := math.Float64frombits(s.value.bits); x-x != 0 {
				s.Quality = Implausible
			}
		}
		into.List = append(into.List, s)
	}
}

// registers is the value of a point in its registers.
func registers(p *field.PollPoint, words []uint64) Value {
	x, n, whole := p.Number(words)
	switch {
	case p.Scaled():
		return scaled(p, x)
	case !whole:
		return FloatValue(x)
	case p.Signed():
		return Value{Kind: ValueInt, bits: n}
	}
	return Value{Kind: ValueUint, bits: n}
}

// scaled is a number after scale and offset, without the noise of binary fractions.
func scaled(p *field.PollPoint, x float64) Value {
	x = x*p.Scale + p.Offset
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 14, 64), 64); err == nil {
		x = rounded
	}
	return FloatValue(x)
}

// Unit of the sample; empty when none is known.
func (s *Sample) Unit() string {
	if s.apart {
		return s.unit
	}
	return s.Item.Field.Unit
}

// Alarm says that the sample is the device's own alarm.
func (s *Sample) Alarm() bool { return !s.apart && s.Item.Field.Role == field.RoleAlarm }

// AppendBinary appends samples that Polled has made: for each its name and its unit, each with its size before it, its
// quality, and its value as [Value.AppendBinary] writes it.  Their time is that of their frame.
func (s *Samples) AppendBinary(dst []byte) []byte {
	for i := range s.List {
		one := &s.List[i]
		dst = append(binary.AppendUvarint(dst, uint64(len(one.Point))), one.Point...)
		dst = append(binary.AppendUvarint(dst, uint64(len(one.unit))), one.unit...)
		dst = one.value.AppendBinary(append(dst, byte(one.Quality)))
	}
	return dst
}

// errSamples is told of bytes that AppendBinary has not made.
var errSamples = errors.New("no samples")

// DecodeBinary reads what AppendBinary has written; device is the time of the frame, zero when it has none.
func (s *Samples) DecodeBinary(src []byte, device time.Time) error {
	s.List, s.plan = s.List[:0], nil
	for len(src) > 0 {
		one := Sample{apart: true, Device: device}
		for k := range 2 {
			n, size := binary.Uvarint(src)
			if size <= 0 || n > uint64(len(src)-size) {
				return errSamples
			}
			text := src[size : size+int(n)]
			if src = src[size+int(n):]; k == 0 {
				one.Point = append([]byte(nil), text...)
			} else {
				one.unit = string(text)
			}
		}
		if len(src) == 0 || src[0] > byte(Implausible) {
			return errSamples
		}
		one.Quality = Quality(src[0])
		rest, err := one.value.DecodeBinary(src[1:])
		if err != nil {
			return err
		}
		src = rest
		s.List = append(s.List, one)
	}
	return nil
}
