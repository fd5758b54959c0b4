// Package fleet is a simulated fleet of masters: the peer for demonstrations, tests and load.
//
//	Run ─┬─ one goroutine per master: connect ▶ say something ▶ wait for bytes, or for what is due next ▶ …
//	     ├─ a few clerks, who encode and decode for all of them, and a few dialling goroutines at a time
//	     └─ one goroutine that reports progress
//
// A master logs in where its protocol has that, sends a measurement every period, keeps what it sent until that is
// acknowledged, sends it again when it is not, over a new connection if need be, and answers the commands of the
// server. Each has one frame in flight, and while it logs in that of the login besides.
//
// Everything on the wire comes from the profile by way of codec.Script: what is said when, with which values, what
// answers a command, and what an acknowledgement is.  A master at rest costs a goroutine with a small stack, its socket
// and a buffer of 256 bytes; what encoding and decoding need is shared.
package fleet
