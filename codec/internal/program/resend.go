package program

import "time"

// Resend is [resend] of a definition: how a frame is recognised that a master sends again because it saw no
// acknowledgement.
type Resend struct {
	// Within is how long a frame is remembered; 0: nothing is recognised.
	Within time.Duration
	// Numbered says that transaction numbers tell frames apart; else their content alone does.
	Numbered bool
	// Session says that a master may begin its numbers anew with each connection.
	Session bool

	Ignored map[string]bool // keys that may differ in a resend
}

// MaxSlots bounds the fields of a profile that are marked `remember`.
const MaxSlots = 64
