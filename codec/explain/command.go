package explain

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
)

// unknownCommand makes a failure point to the command that no message has, and name those that there are.
func (w *traced) unknownCommand(p *program.Program, f *frame.Frame, bodies []*program.Body) {
	if !errors.Is(w.bad.Err, field.ErrUnknownCommand) || w.bad.Op == nil || w.bad.Op.Role != field.RoleCommand {
		return
	}
	for i := range f.Cells {
		o := &p.Ops[f.Cells[i].Op]
		if o != w.bad.Op {
			continue
		}
		w.bad.Off = int(f.Cells[i].Off)
		found := program.CommandText(o, f.Nums[i])
		if b := f.Data[w.bad.Off:][:f.Cells[i].Size]; len(b) > 8 {
			found = scalar.Printable(b)
		}
		w.bad.Err = fmt.Errorf("%w: found %s", field.ErrUnknownCommand, found)
		if known := knownCommands(o, bodies); known != "" {
			w.bad.Err = fmt.Errorf("%w, known are %s", w.bad.Err, known)
		}
	}
}

// knownCommands lists the commands of bodies, in order.
func knownCommands(o *scalar.Op, bodies []*program.Body) string {
	var all program.CommandSet
	for _, l := range bodies {
		all = append(all, l.Commands...)
	}
	slices.SortFunc(all, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
	return strings.Join(program.CommandTexts(o, slices.Compact(all)), ", ")
}
