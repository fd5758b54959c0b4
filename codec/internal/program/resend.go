package program

import "time"

// Resend is how a frame is recognised that a master sends again because it saw no acknowledgement: [resend] of the
// definition.
type Resend struct {
	// Within is how long a frame is remembered; 0: nothing is recognised.
	Within time.Duration
	// Numbered says that transaction numbers tell frames apart; else their content alone does.
	Numbered bool
	// Session says that a master may begin its numbers anew with each connection.
	Session bool

	Ignored map[string]bool // keys that may differ in a resend
}

// MaxSlots is how many fields of a profile can be marked `remember`.
const MaxSlots = 64
