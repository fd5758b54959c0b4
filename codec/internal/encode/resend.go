package encode

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// Print is what a resend of a frame has in common with it: its transaction number (0 where frames have none) and a hash of its
// content.  ok is false for frames that are not recognised when they come again: answers to commands, and without numbers all
// but measurements and reports.  It does not allocate.
func Print(p *program.Program, r *program.Resend, f *frame.Frame) (number, content uint64, ok bool) {
	if r.Within <= 0 || f.Body == nil {
		return 0, 0, false
	}
	purpose := f.Body.Message.Purpose
	if purpose == field.PurposeAnswer { // its number is that of the command
		return 0, 0, false
	}
	if r.Numbered {
		if number, ok = f.Transaction(); !ok {
			return 0, 0, false
		}
	} else if purpose != field.PurposeMeasurement && purpose != field.PurposeReport {
		return 0, 0, false
	}
	if r.Ignored == nil || f.Bad != nil {
		return number, xxhash.Sum64(f.Raw()), true
	}
	var d xxhash.Digest
	d.Reset()
	var word [8]byte
	for i := range f.Cells {
		o := &p.Ops[f.Cells[i].Op]
		if r.Ignored[o.Field.Key] || o.Code == scalar.OpChecksum {
			continue
		}
		binary.BigEndian.PutUint64(word[:], f.Nums[i])
		_, _ = d.WriteString(o.Field.Key) // a hash takes everything; not the place, which another edition may change
		_, _ = d.Write(word[:])
		if !o.Numeric() {
			_, _ = d.Write(f.Bytes(i))
		}
	}
	return number, d.Sum64(), true
}
