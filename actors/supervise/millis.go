package supervise

import "trama/internal/words"

// Millis is a duration that is a number of milliseconds, with three decimals, in JSON.
type Millis = words.Millis
