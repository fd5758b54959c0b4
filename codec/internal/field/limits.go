package field

import "regexp"

// Limits of one frame; see Profile.MaxFrameBytes.
const (
	DefaultMaxFrame = 1024
	HardMaxFrame    = 9999
)

// MaxGrammarCells bounds what one frame can cost.
const MaxGrammarCells = 1 << 14

var (
	NamePattern = regexp.MustCompile(`^[a-z][a-z0-9]*([-.][a-z0-9]+)*$`)
	KeyPattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

	OrderWords     = []string{"big", "little"}
	DirectionWords = []string{"any", "uplink", "downlink"}
	PartyWords     = []string{"anyone", "master", "server", "integrator"}
	RepeatWords    = []string{"idempotent", "verify", "never"}
	SendWords      = []string{"header", "frame"}
	CharWords      = []string{"printable", "letters", "digits", "alphanumeric", "any"}

	// Keys that stand beside the fields in JSON.
	ReservedKeys = []string{"profile", "message", "direction"}
)
