package codec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// unknownCommand makes a failure point to the command that no message has, and name those that there are.
func (w *traced) unknownCommand(p *Profile, f *Frame, layouts []*layout) {
	if !errors.Is(w.bad.err, ErrUnknownCommand) || w.bad.op == nil || w.bad.op.role != RoleCommand {
		return
	}
	for i := range f.cells {
		o := &p.ops[f.cells[i].op]
		if o != w.bad.op {
			continue
		}
		w.bad.off = int(f.cells[i].off)
		w.bad.err = fmt.Errorf("%w: found %s", ErrUnknownCommand, commandText(o, f.nums[i]))
		if known := knownCommands(o, layouts); known != "" {
			w.bad.err = fmt.Errorf("%w, known are %s", w.bad.err, known)
		}
	}
}

// knownCommands lists the commands of layouts, in order.
func knownCommands(o *op, layouts []*layout) string {
	var all commandSet
	for _, l := range layouts {
		all = append(all, l.commands...)
	}
	slices.SortFunc(all, func(a, b [2]uint64) int { return int(int64(a[0]) - int64(b[0])) })
	return strings.Join(commandTexts(o, slices.Compact(all)), ", ")
}
