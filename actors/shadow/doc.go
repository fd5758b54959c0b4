// Package shadow tries a profile on live traffic.  A Shadow is a candidate for the profile of a listener: it sees
// every byte that the listener cuts, cuts and decodes them too, and counts where it comes to something else.  Its
// results go nowhere.
//
//	reader ──Tap: a copy──▶ bounded queue ──▶ the shadow's goroutine: cut, decode and answer by both profiles, compare
//
// It needs a Tap and two profiles, and knows neither ports nor connections.  The way of a frame has nothing to do
// with it but for the copy: what the queue does not hold is dropped and counted, and a candidate that hangs or fails
// does so in the goroutine of the shadow, which End stops.
package shadow
