// Package scalar holds the wire types: how the bytes of one field are read, written, shown and parsed.
//
//	        read ─▶           text ─▶
//	bytes             number           "2.34", {"value":6,"label":"ACK"}
//	        ◀─ write          ◀─ parse
//
// An Op is one field of a program: its wire type, its restrictions, and a Form for what goes beyond the type.  A Value
// is an Op with what a frame holds of it.  wireTypes has one row for each type, and each operation looks up one
// function in it:
//
//	integer.go  bcd.go  varint.go  bits.go     whole numbers; number.go shows and parses them
//	float.go    degrees.go                     real numbers, degrees and minutes
//	decimal.go                                 numbers in characters
//	digits.go   texts.go                       digits, characters, bytes
//	time_layout.go  times.go                   dates and times, in parts or as one number
//	armour.go                                  bytes written in characters
//
// Reading a number allocates nothing.  Ops are shared by all frames and never change; Read accepts every byte string
// and never panics.
package scalar
