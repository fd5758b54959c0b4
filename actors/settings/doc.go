// Package settings knows what is kept for a master: what is desired, what the master has acknowledged and shown, and where
// they differ.
//
//	Set ──▶ waiting ──Acknowledge──▶ acknowledged ──Acknowledge, Report of something else──▶ drift
//	           └─────Refuse────────▶ refused                                                   │
//	                     any of them ◀──Acknowledge of what is desired─────────────────────────┘
//
// The package has no clock and no goroutine; the actor of the master uses it.
package settings
