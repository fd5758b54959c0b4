package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// longest is how many bytes of arguments Words has.
const longest = 200

// Words are c in one line: "command 17 operate-relay RN=3 OP=1 by anna".
func (c *Command) Words() string {
	var b strings.Builder
	if c.ID != 0 {
		fmt.Fprintf(&b, "command %d ", c.ID)
	}
	b.WriteString(c.Command)
	for _, key := range slices.Sorted(maps.Keys(c.Arguments)) {
		if text := fmt.Sprintf(" %s=%v", key, c.Arguments[key]); b.Len()+len(text) <= longest {
			b.WriteString(text)
		} else {
			b.WriteString(" …")
			break
		}
	}
	if c.By != "" {
		b.WriteString(" by " + c.By)
	}
	return b.String()
}
