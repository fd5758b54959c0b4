// Package codec turns bytes into fields and fields into bytes, both from one definition written in TOML.
//
//	definition (TOML) ──Compile──▶ Profile ──┬─ Splitter   stream → whole verified frames
//	                                         ├─ Decode     frame  → Frame (fields)
//	                                         ├─ Append     Frame  → frame
//	                                         ├─ Build      command + values → Frame
//	                                         ├─ Reply      Frame  → its acknowledgement
//	                                         └─ Explain    bytes  → what stands where, what is right and what is wrong
//
// The package is pure: no I/O, no goroutine, no clock, no logging.  Time enters through [Env].  It knows no
// protocol: the shipped profiles are TOML files like any other (see [Shipped]).
//
// Algorithms that no registry has come from the program around: see [Compiler].
//
// A [Profile] is immutable and safe for concurrent use.  A [Frame] belongs to one goroutine at a time; it is
// reusable and, once warm, neither Decode nor Append nor Reply allocates.
//
// Input from a peer never panics: it is decoded, or refused with a [*FieldError].
package codec
