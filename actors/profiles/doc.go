// Package profiles says which definition a frame is read by, now and after a restart.
//
//	Version    a profile and where it comes from: what an operator puts on a listener
//	Installed  a version on one listener, from one swap to the next
//	Store      the numbers that the journal names definitions by, and the definitions of earlier processes
//
// A listener has one Installed; a swap puts the next one in its place.  Each read carries the one whose framing cut
// it, so its frames are decoded, acknowledged and kept by that one.  Installed.Current leads to the one in force.
// Nothing leads back: what nobody holds any more is collected.
package profiles
