//go:build faults

package fault

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// place and hit are of TRAMA_FAULT, such as "release@3": the third time that release is come by.  With "kill " before it the
// process is killed there.
var place, hit, kills = func() (string, int64, bool) {
	name, nth, _ := strings.Cut(os.Getenv("TRAMA_FAULT"), "@")
	n, _ := strconv.ParseInt(nth, 10, 64) // nothing named never comes
	name, kills := strings.CutPrefix(name, "kill ")
	return name, n, kills
}()

var come atomic.Int64

// At panics, or kills the process, when it is the place that TRAMA_FAULT names, once.
func At(name string) {
	if name != place || come.Add(1) != hit {
		return
	}
	if !kills {
		panic("injected: " + name)
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // it comes at once
}
