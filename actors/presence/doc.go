// Package presence says of one master whether it is there: from its frames, its links and how often it reports.
//
//	offline ──frame or link──▶ online ──2 intervals without a frame──▶ late ──4 intervals──▶ offline
//	                             │
//	                             └── its last link ends: away, for as long as it is expected back
//
// The interval is given by the operator, or learned from the gaps between frames.  Of a master without an interval only
// the link says whether it is there.  A link that comes and goes all the time is one change to flapping, until it is calm.
//
// Watch reads no clock: times are given to it.
package presence
