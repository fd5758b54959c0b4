// Package encode writes frames along the program, and knows what answers what.
//
//	values of people ─┐                        patch.go: derived fields and checksums
//	JSON of a frame ──┼─▶ source ─▶ Encoder ─▶ plain bytes ─▶ marks, stuffing ─▶ frame
//	a request, a rule ┤             leaf.go, parts.go
//	samples of check ─┘
//
// A walk writes each field in the order of the program.  A field that follows from later bytes is written as zero and
// its place remembered; when what it measures is written, it is filled in.  Where a number grows by that, the bytes
// behind it and all remembered places move.  The walk is repeated, a few times at most, only where an expression asked
// for a value that was not known yet, or where a measured field stood in a part whose bytes differ on the wire.
//
// Values of people are checked by decoding what was written: Build, Set and ParseJSON do.  A reply is not decoded: where
// its values come from is resolved when the definition is compiled, and it allocates nothing where they go as they are.
// A reply that is a header of fixed places (fastReply) copies the bytes of the request, and sets constants, times and
// checksums.
//
// An Encoder belongs to one goroutine and comes from a pool.  It keeps nothing of a frame.  Session is the only memory
// between frames; its caller owns it.
package encode
