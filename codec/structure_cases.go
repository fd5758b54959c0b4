package codec

import (
	"fmt"
	"slices"
)

// branches are tried in order: each must have something left that those before it do not take.
func (v *inspection) branches(on *expr, all []branch) {
	domain := whatever
	if on != nil {
		domain = v.exact(on)
	}
	var taken commandSet // by cases without condition
	for i := range all {
		b := &all[i]
		if before := slices.IndexFunc(all[:i], v.takesAll); before >= 0 {
			text := fmt.Sprintf("a case after number %d, which takes everything that is left", before+1)
			v.add(SeverityError, "shadowed", b.path, text, "that one last")
			continue
		}
		if on == nil {
			v.twiceTheSame(all[:i], b)
			continue
		}
		if b.other {
			if b.when == nil && domain.lo >= 0 && domain != whatever && taken.covers(uint64(domain.lo), uint64(domain.hi)) {
				v.add(SeverityNote, "covered", b.path, "a case for everything else, where the others have every value", "")
			}
			continue
		}
		v.outside(b, domain)
		left, shared := b.is.without(taken)
		switch {
		case len(left) == 0:
			v.add(SeverityError, "shadowed", b.path+".is", "values that cases before it take: "+b.is.String(),
				"values of its own, or a condition on the case before")
			continue
		case len(shared) > 0:
			v.add(SeverityWarning, "overlap", b.path+".is", "values that a case before it takes: "+shared.String(), "")
		default:
			v.twiceTheSame(all[:i], b)
		}
		if b.when == nil {
			taken = append(taken, b.is...)
		}
	}
}

func (v *inspection) takesAll(b branch) bool {
	return (b.other || len(b.is) == 0) && (b.when == nil || v.always(b.when))
}

// twiceTheSame reports a case whose condition stands on one before it, for no fewer values.
func (v *inspection) twiceTheSame(before []branch, b *branch) {
	for i := range before {
		o := &before[i]
		left, _ := b.is.without(o.is)
		if b.when.same(o.when) && b.when != nil && (o.other || len(o.is) == 0 || len(b.is) > 0 && len(left) == 0) {
			v.add(SeverityError, "shadowed", b.path+".when", fmt.Sprintf("the condition of case number %d", i+1), "another one")
			return
		}
	}
}

// outside reports values that what chooses can never have.
func (v *inspection) outside(b *branch, domain extent) {
	if domain.lo < 0 { // it has a sign
		return
	}
	_, can := b.is.without(commandSet{{uint64(domain.lo), uint64(domain.hi)}})
	gone, _ := b.is.without(can)
	if len(gone) > 0 {
		severity := SeverityWarning
		if len(can) == 0 {
			severity = SeverityError
		}
		v.add(severity, "never", b.path+".is", "values that it cannot have: "+gone.String(), "some of "+domain.String())
	}
}
