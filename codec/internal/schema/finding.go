package schema

import (
	"fmt"
	"strings"

	"trama/codec/internal/field"
)

// Severity is what a finding means for the profile.
type Severity uint8

const (
	SeverityNote    Severity = iota // worth knowing; nothing is wrong
	SeverityWarning                 // compiles, but probably not what was meant; or a message that was not tried
	SeverityError                   // cannot be right: Compile refuses it, or a frame shows that it fails
)

func (s Severity) String() string {
	switch s {
	case SeverityError:
		return "error"
	case SeverityWarning:
		return "warning"
	}
	return "note"
}

// MarshalText makes the severity a word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is one thing wrong or worth knowing in a profile that compiles.
type Finding struct {
	Severity Severity
	Rule     string // its name in docs/frame-language.md, such as "shadowed"
	Problem
	Witness   []byte // a frame that shows it; may be nil
	Direction field.Direction
}

func (f *Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	fmt.Fprintf(&b, ": %s: ", f.Severity)
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(f.Found)
	if f.Expected != "" {
		b.WriteString("; expected " + f.Expected)
	}
	if f.Witness != nil {
		fmt.Fprintf(&b, "; witness (%s) %x", f.Direction, f.Witness)
	}
	return b.String()
}

// Findings collects what is found; a layout that is used twice is found once.
type Findings []Finding

func (all *Findings) Add(s Severity, rule, path, found, expected string) *Finding {
	for i := range *all {
		if f := &(*all)[i]; f.Rule == rule && f.Key == path && f.Found == found {
			return f
		}
	}
	problem := Problem{Key: path, Found: found, Expected: expected}
	*all = append(*all, Finding{Severity: s, Rule: rule, Problem: problem})
	return &(*all)[len(*all)-1]
}
