package admin

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"trama/actors"
	"trama/cmd/trama/internal/terminal"
)

// RenderTree draws a tree for a terminal, one actor per line: its name, what is particular to it, and only what is out
// of the ordinary of state, mailbox, restarts, last error and the message it works on.
//
//	trama
//	├─ listeners
//	│  └─ field      127.0.0.1:12986 extended accepting  live=2
//	│     ├─ conn-1  127.0.0.1:40112 → 12345678  acknowledged=7 frames=7
//	│     └─ conn-2  127.0.0.1:40114 → 87654321  restarts 1  last error 3s ago: injected fault  acknowledged=9 frames=9
//	└─ registry      masters=2
//
// q is the query that the tree answers; the lines that stand for children not shown say how to see them.
func RenderTree(w io.Writer, root *actors.Node, q actors.TreeQuery, now time.Time) error {
	d := drawing{out: bufio.NewWriter(w), now: now}
	if q.Under != "" {
		root = &actors.Node{Name: root.Path, Path: root.Path, Kind: root.Kind, State: root.State, Since: root.Since,
			Mailbox:  root.Mailbox,
			Messages: root.Messages, Restarts: root.Restarts, LastError: root.LastError, Busy: root.Busy, Detail: root.Detail,
			Total: root.Total, Folded: root.Folded, Children: root.Children}
	}
	d.width = widest(root, 0)
	d.node(root, "", "", q.Offset)
	return d.out.Flush()
}

type drawing struct {
	out   *bufio.Writer
	now   time.Time
	width int // column at which the details start
}

// nameColumn bounds the column of the details: a long name pushes only its own line to the right.
const nameColumn = 40

func widest(n *actors.Node, indent int) int {
	width := min(indent+utf8.RuneCountInString(n.Name), nameColumn)
	for _, c := range n.Children {
		width = max(width, widest(c, indent+3))
	}
	return width
}

// node draws n and what is below it.  first precedes its own line and rest the lines of its children.
func (d *drawing) node(n *actors.Node, first, rest string, passed int) {
	head := first + terminal.Text(n.Name)
	line := head
	if text := terminal.Text(d.describe(n)); text != "" {
		pad := max(d.width-utf8.RuneCountInString(head), 0)
		line = head + strings.Repeat(" ", pad+2) + text
	}
	_, _ = fmt.Fprintln(d.out, line) // bufio keeps the first error and Flush returns it
	for i, c := range n.Children {
		if i == len(n.Children)-1 && n.Folded == 0 {
			d.node(c, rest+"└─ ", rest+"   ", 0)
		} else {
			d.node(c, rest+"├─ ", rest+"│  ", 0)
		}
	}
	if n.Folded > 0 {
		_, _ = fmt.Fprintln(d.out, rest+"└─ "+terminal.Text(folded(n, passed)))
	}
}

// folded says how many children are not shown and how to see them.
func folded(n *actors.Node, passed int) string {
	next := passed + len(n.Children)
	left := n.Total - next
	switch {
	case len(n.Children) == 0 && passed == 0:
		return fmt.Sprintf("… %s below (--under %s)", thousands(n.Folded), n.Path)
	case left <= 0:
		return fmt.Sprintf("… %s before these", thousands(passed))
	case passed > 0:
		return fmt.Sprintf("… %s more, %s before these (--under %s --offset %d)", thousands(left), thousands(passed), n.Path, next)
	}
	return fmt.Sprintf("… %s more (--under %s --offset %d)", thousands(left), n.Path, next)
}

// describe is a line without its name.
func (d *drawing) describe(n *actors.Node) string {
	plain, named := d.detail(n.Detail)
	parts := plain
	if n.State != "running" && n.State != "idle" {
		parts = append(parts, strings.ToUpper(n.State))
	}
	if n.Mailbox > 0 {
		parts = append(parts, "mailbox "+thousands(n.Mailbox))
	}
	if n.Busy != nil && (n.State == "stuck" || time.Duration(n.Busy.For) >= time.Second) {
		parts = append(parts, fmt.Sprintf("busy with %s for %s", n.Busy.Message, terminal.Age(time.Duration(n.Busy.For))))
	}
	if n.Restarts > 0 {
		parts = append(parts, fmt.Sprintf("restarts %d", n.Restarts))
	}
	if n.LastError != nil {
		text, _, _ := strings.Cut(n.LastError.Text, "\n")
		parts = append(parts, fmt.Sprintf("last error %s ago: %s", terminal.Age(d.now.Sub(n.LastError.At)), text))
	}
	return strings.Join(append(parts, named...), "  ") // a narrow terminal cuts off the counters, and no trouble
}

// plainDetails are the details that need no name in front, in their order.
var plainDetails = []string{"address", "profile", "role", "listening", "remote"}

// detail prints what an actor says of itself: the plain ones with its masters, and the rest by name; each at most one text.
func (d *drawing) detail(detail map[string]any) (plain, named []string) {
	for _, key := range plainDetails {
		if value, ok := detail[key]; ok && !(key == "role" && value == actors.RoleMaster.String()) {
			plain = append(plain, fmt.Sprint(value))
		}
	}
	masters, hasMasters := detail["masters"].([]string)
	if hasMasters {
		plain = append(plain, "→ "+shortList(masters))
	}
	for _, key := range slices.Sorted(maps.Keys(detail)) {
		if slices.Contains(plainDetails, key) || hasMasters && key == "masters" {
			continue
		}
		named = append(named, d.named(key, detail[key]))
	}
	joined := func(words []string) []string {
		if len(words) == 0 {
			return nil
		}
		return []string{strings.Join(words, " ")}
	}
	return joined(plain), joined(named)
}

func (d *drawing) named(key string, value any) string {
	key = strings.ReplaceAll(key, "_", "-")
	switch v := value.(type) {
	case time.Time:
		return fmt.Sprintf("%s=%s", key, terminal.Age(d.now.Sub(v)))
	case []string:
		return fmt.Sprintf("%s=%s", key, shortList(v))
	}
	return fmt.Sprintf("%s=%v", key, value)
}

// shortList prints at most three elements.
func shortList(all []string) string {
	if len(all) > 3 {
		return fmt.Sprintf("%s, … %s more", strings.Join(all[:3], ", "), thousands(len(all)-3))
	}
	return strings.Join(all, ", ")
}

// thousands prints 14900 as 14,900.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
