package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"trama/cmd/trama/internal/config"
	"trama/codec"
)

// checkReport is what check has found so far.
type checkReport struct {
	*app
	json, notes bool
	profiles    []checkedProfile
	broken      []error
}

// checkedProfile is what was proven of one profile, as --json prints it.
type checkedProfile struct {
	Profile  string         `json:"profile,omitempty"`
	File     string         `json:"file,omitempty"` // empty for a shipped one
	OK       bool           `json:"ok"`
	Messages int            `json:"messages"`
	Branches int            `json:"branches"`
	Shown    int            `json:"branches_shown"`
	Frames   int            `json:"frames"`
	Replies  int            `json:"replies"`
	Examples int            `json:"examples"`
	Steps    int            `json:"steps"`
	Findings []checkFinding `json:"findings"`
}

type checkFinding struct {
	Severity  codec.Severity `json:"severity"`
	Rule      string         `json:"rule"`
	File      string         `json:"file,omitempty"`
	Line      int            `json:"line,omitempty"`
	Key       string         `json:"key,omitempty"`
	Found     string         `json:"found"`
	Expected  string         `json:"expected,omitempty"`
	Nearest   string         `json:"nearest,omitempty"`
	Witness   string         `json:"witness,omitempty"`
	Direction string         `json:"direction,omitempty"`
}

// say is for people only.
func (r *checkReport) say(format string, args ...any) {
	if !r.json {
		r.app.say(format, args...)
	}
}

// named checks the profiles of a command line.
func (r *checkReport) named(names []string) error {
	for _, name := range names {
		p, err := config.FindProfile(name)
		var definition *codec.DefinitionError
		switch {
		case err == nil:
			file := ""
			if config.IsPath(name) {
				file = name
			}
			r.profile(p, file, false)
		case errors.As(err, &definition):
			r.refused(name, definition)
		default:
			return usageError{err}
		}
	}
	return r.end()
}

// refused notes a definition that does not compile.
func (r *checkReport) refused(file string, err *codec.DefinitionError) {
	one := checkedProfile{File: file}
	for _, p := range err.Problems {
		one.Findings = append(one.Findings, checkFinding{Severity: codec.SeverityError, Rule: "definition", File: p.File, Line: p.Line, Key: p.Key,
			Found: p.Found, Expected: p.Expected, Nearest: p.Nearest})
	}
	r.profiles = append(r.profiles, one)
	r.broken = append(r.broken, err)
}

// profile proves one and runs its examples.  registered: on every port that speaks it a modem says who speaks.
func (r *checkReport) profile(p *codec.Profile, file string, registered bool) {
	proof := p.Prove()
	if registered {
		proof.Findings = slices.DeleteFunc(proof.Findings, func(f codec.Finding) bool { return f.Rule == "identity" && f.Severity == codec.SeverityWarning })
	}
	one := checkedProfile{Profile: p.Name(), File: file, OK: true, Messages: proof.Messages, Branches: proof.Branches, Shown: proof.Shown,
		Frames: proof.Frames, Replies: proof.Replies, Examples: proof.Examples, Steps: proof.Steps, Findings: []checkFinding{}}
	examples := p.CheckExamples()
	where, verdict := "shipped", fmt.Sprintf("%d examples pass", proof.Examples)
	if file != "" {
		where = file
	}
	switch proof.Examples {
	case 0:
		verdict = "no examples"
	case 1:
		verdict = "1 example passes"
	}
	failed := map[string]bool{} // one example may fail in several ways
	for _, err := range examples {
		var one *codec.ExampleError
		if errors.As(err, &one) {
			failed[fmt.Sprint(one.File, one.Line)] = true
		}
	}
	switch n := len(failed); {
	case n == 1:
		verdict = fmt.Sprintf("1 of %d examples fails", proof.Examples)
		if proof.Examples == 1 {
			verdict = "1 example fails"
		}
	case n > 1:
		verdict = fmt.Sprintf("%d of %d examples fail", n, proof.Examples)
	}
	r.say("profile %s (%s): %d %s, %d of %d branches shown by %d frames that went there and back, %d %s; %s; %s",
		p.Name(), where, proof.Messages, plural(proof.Messages, "message"), proof.Shown, proof.Branches, proof.Frames, proof.Replies, replies(proof.Replies), verdict, counted(proof))
	for i := range proof.Findings {
		f := &proof.Findings[i]
		one.add(f)
		switch {
		case f.Severity == codec.SeverityError:
			one.OK = false
			r.broken = append(r.broken, fmt.Errorf("profile %s: %s", p.Name(), f))
		case f.Severity == codec.SeverityWarning || r.notes:
			r.say("%s", f)
		}
	}
	for _, err := range examples {
		one.OK = false
		one.Findings = append(one.Findings, checkFinding{Severity: codec.SeverityError, Rule: "example", Found: err.Error()})
		r.broken = append(r.broken, fmt.Errorf("profile %s: %w", p.Name(), err))
	}
	r.profiles = append(r.profiles, one)
}

func (c *checkedProfile) add(f *codec.Finding) {
	one := checkFinding{Severity: f.Severity, Rule: f.Rule, File: f.File, Line: f.Line, Key: f.Key, Found: f.Found, Expected: f.Expected}
	if f.Witness != nil {
		one.Witness, one.Direction = hex.EncodeToString(f.Witness), f.Direction.String()
	}
	c.Findings = append(c.Findings, one)
}

func replies(n int) string {
	if n == 1 {
		return "reply"
	}
	return "replies"
}

// counted says how many findings of each severity there are.
func counted(p *codec.Proof) string {
	errors, warnings, notes := p.Count(codec.SeverityError), p.Count(codec.SeverityWarning), p.Count(codec.SeverityNote)
	return fmt.Sprintf("%d %s, %d %s, %d %s", errors, plural(errors, "error"), warnings, plural(warnings, "warning"), notes, plural(notes, "note"))
}

// end is the verdict.
func (r *checkReport) end() error {
	if r.json {
		out := json.NewEncoder(r.stdout)
		out.SetIndent("", "  ")
		if err := out.Encode(r.profiles); err != nil {
			return err
		}
	}
	if len(r.broken) > 0 {
		return usageError{brokenProfiles{errors.Join(r.broken...)}}
	}
	r.say("no problems")
	return nil
}

// brokenProfiles is what is wrong with definitions.
type brokenProfiles struct{ error }

// problemsOf is what a profile that compiles can still have wrong.
func problemsOf(p *codec.Profile) []error {
	out := p.CheckExamples()
	proof := p.Prove()
	for i := range proof.Findings {
		if f := &proof.Findings[i]; f.Severity == codec.SeverityError {
			out = append(out, errors.New(f.String()))
		}
	}
	return out
}
