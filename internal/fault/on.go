//go:build faults

package fault

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// place and hit are of TRAMA_FAULT, such as "release@3": the third time that release is come by.
var place, hit = func() (string, int64) {
	name, nth, _ := strings.Cut(os.Getenv("TRAMA_FAULT"), "@")
	n, _ := strconv.ParseInt(nth, 10, 64) // nothing named never comes
	return name, n
}()

var come atomic.Int64

// At panics when it is the place that TRAMA_FAULT names, once.
func At(name string) {
	if name == place && come.Add(1) == hit {
		panic("injected: " + name)
	}
}
