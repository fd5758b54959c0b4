package program

import (
	"time"

	"trama/codec/internal/field"
)

// Settings is [settings] of a definition: how a master asks for what is kept for it.
type Settings struct {
	On     *field.Message // by which it asks
	Wanted string         // what a field of it says that asks
	Wishes []Wish         // in the order in which they are fulfilled
}

// Wish is what a master can ask for.
type Wish struct {
	Field   string         // of the request, which asks
	Command *Command       // that fulfils it
	Report  *field.Message // by which the master shows what it has; nil: it never does
	Shown   string         // the field of the report
}

// Clock is [clock] of a definition: when the clock of a master is set.
type Clock struct {
	Set     *Command      // that does
	Connect bool          // when the master has come
	Drift   time.Duration // when its time is off by more; 0: never
}
