package codec

import (
	"bytes"
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
		w.bad.err = fmt.Errorf("%w: found %s", ErrUnknownCommand, o.commandText(f.nums[i]))
		if known := o.commandTexts(layouts); known != "" {
			w.bad.err = fmt.Errorf("%w, known are %s", w.bad.err, known)
		}
	}
}

// commandTexts lists the commands of layouts, in order.
func (o *op) commandTexts(layouts []*layout) string {
	var all commandSet
	for _, l := range layouts {
		all = append(all, l.commands...)
	}
	slices.SortFunc(all, func(a, b [2]uint64) int { return int(int64(a[0]) - int64(b[0])) })
	var words []string
	for _, r := range slices.Compact(all) {
		word := o.commandText(r[0])
		if r[1] != r[0] {
			word += "-" + o.commandText(r[1])
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// commandText is a command as protocols name it: characters, or a number in hexadecimal.
func (o *op) commandText(num uint64) string {
	switch {
	case o.code == opASCII:
		var b [8]byte
		storeBE(b[:], num)
		return printable(bytes.TrimLeft(b[:], "\x00"))
	case num < 10:
		return fmt.Sprint(num)
	}
	return fmt.Sprintf("0x%02x", num)
}
