// Package codec turns bytes into fields and fields into bytes, both from one definition written in TOML.
//
//	definition (TOML) ──Compile──▶ Profile ──┬─ Splitter   stream → whole verified frames
//	                                         ├─ Decode     frame  → Frame (fields)
//	                                         ├─ Next       stream → the next frame, decoded
//	                                         ├─ Append     Frame  → frame
//	                                         ├─ Build      command + values → Frame
//	                                         ├─ Reply      Frame  → its acknowledgement
//	                                         └─ Script     how a simulated master behaves
//
// Beside this package stand codec/explain (what stands where in bytes, right or wrong), codec/check (what can be proven of
// a definition) and codec/describe (a profile as plain data).  The rooms behind them, each using those below it only:
//
//	codec                    the face: Profile, and names for the types below
//	├─ internal/compile      Definition → Program              ├─ internal/simulate   [simulate]
//	│  └─ internal/schema    TOML → Definition                 ├─ internal/encode     the writer: commands, replies, JSON, samples
//	│                                                          └─ internal/decode     the walk, the fast path, framing
//	├─ internal/frame        Frame, Item: what a walk has found
//	├─ internal/program      the compiled form: one tree for every profile
//	└─ internal/{field,expr,scalar,checksum}    names and errors, expressions, wire types, sums
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
