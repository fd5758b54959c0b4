package compile

import (
	"fmt"
	"slices"

	"trama/codec/internal/expr"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// branches are tried in order: each must have something left that those before it do not take.
func (v *inspection) branches(on *expr.Expr, all []program.Branch) {
	domain := whatever
	if on != nil {
		domain = v.exact(on)
	}
	var taken program.CommandSet // by cases without condition
	for i := range all {
		b := &all[i]
		if before := slices.IndexFunc(all[:i], v.takesAll); before >= 0 {
			text := fmt.Sprintf("a case after number %d, which takes everything that is left", before+1)
			v.Add(schema.SeverityError, "shadowed", b.Path, text, "that one last")
			continue
		}
		if on == nil {
			v.twiceTheSame(all[:i], b)
			continue
		}
		if b.Other {
			if b.When == nil && domain.lo >= 0 && domain != whatever && taken.Covers(uint64(domain.lo), uint64(domain.hi)) {
				v.Add(schema.SeverityNote, "covered", b.Path, "a case for everything else, where the others have every value", "")
			}
			continue
		}
		v.outside(b, domain)
		left, shared := b.Is.Without(taken)
		switch {
		case len(left) == 0:
			v.Add(schema.SeverityError, "shadowed", b.Path+".is", "values that cases before it take: "+b.Is.String(),
				"values of its own, or a condition on the case before")
			continue
		case len(shared) > 0:
			v.Add(schema.SeverityWarning, "overlap", b.Path+".is", "values that a case before it takes: "+shared.String(), "")
		default:
			v.twiceTheSame(all[:i], b)
		}
		if b.When == nil {
			taken = append(taken, b.Is...)
		}
	}
}

func (v *inspection) takesAll(b program.Branch) bool {
	return (b.Other || len(b.Is) == 0) && (b.When == nil || v.always(b.When))
}

// twiceTheSame reports a case whose condition stands on one before it, for no fewer values.
func (v *inspection) twiceTheSame(before []program.Branch, b *program.Branch) {
	for i := range before {
		o := &before[i]
		left, _ := b.Is.Without(o.Is)
		if b.When.Same(o.When) && b.When != nil && (o.Other || len(o.Is) == 0 || len(b.Is) > 0 && len(left) == 0) {
			v.Add(schema.SeverityError, "shadowed", b.Path+".when", fmt.Sprintf("the condition of case number %d", i+1), "another one")
			return
		}
	}
}

// outside reports values that what chooses can never have.
func (v *inspection) outside(b *program.Branch, domain extent) {
	if domain.lo < 0 { // it has a sign
		return
	}
	_, can := b.Is.Without(program.CommandSet{{uint64(domain.lo), uint64(domain.hi)}})
	gone, _ := b.Is.Without(can)
	if len(gone) > 0 {
		severity := schema.SeverityWarning
		if len(can) == 0 {
			severity = schema.SeverityError
		}
		v.Add(severity, "never", b.Path+".is", "values that it cannot have: "+gone.String(), "some of "+domain.String())
	}
}
