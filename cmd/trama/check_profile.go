package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"trama/cmd/trama/internal/config"
	"trama/codec"
	"trama/codec/check"
)

// checkReport is what check has found so far.
type checkReport struct {
	*app
	json, notes, strict bool
	profiles            []checkedProfile
	broken              []error
	warnings            int
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
		one.Findings = append(one.Findings, checkFinding{Severity: codec.SeverityError, Rule: "definition",
			File: p.File, Line: p.Line, Key: p.Key,
			Found: p.Found, Expected: p.Expected, Nearest: p.Nearest})
	}
	r.profiles = append(r.profiles, one)
	r.broken = append(r.broken, err)
}

// profile proves one and runs its examples.  registered: on every port that speaks it a modem says who speaks.
func (r *checkReport) profile(p *codec.Profile, file string, registered bool) {
	report := check.Profile(p)
	if registered {
		report.Findings = slices.DeleteFunc(report.Findings,
			func(f codec.Finding) bool { return f.Rule == "identity" && f.Severity == codec.SeverityWarning })
	}
	if file != "" && isShipped(p) {
		f := codec.Finding{Severity: codec.SeverityWarning, Rule: "name"}
		f.File, f.Key, f.Found = file, "name", fmt.Sprintf("%q, the name of a shipped profile", p.Name())
		f.Expected = "a name of its own, by which lists and the log tell the two apart"
		report.Findings = append(report.Findings, f)
	}
	one := checkedProfile{Profile: p.Name(), File: file, OK: true, Messages: report.Messages, Branches: report.Branches,
		Shown:  report.Tried,
		Frames: report.Frames, Replies: report.Replies, Examples: report.Examples, Findings: []checkFinding{}}
	examples := check.Examples(p)
	where, verdict := "shipped", fmt.Sprintf("%d examples pass", report.Examples)
	if file != "" {
		where = file
	}
	switch report.Examples {
	case 0:
		verdict = "no examples"
	case 1:
		verdict = "1 example passes"
	}
	failed := map[string]bool{} // one example may fail in several ways
	for _, err := range examples {
		var one *check.ExampleError
		if errors.As(err, &one) {
			failed[fmt.Sprint(one.File, one.Line)] = true
		}
	}
	switch n := len(failed); {
	case n == 1:
		verdict = fmt.Sprintf("1 of %d examples fails", report.Examples)
		if report.Examples == 1 {
			verdict = "1 example fails"
		}
	case n > 1:
		verdict = fmt.Sprintf("%d of %d examples fail", n, report.Examples)
	}
	branches := ""
	if report.Branches > 0 {
		branches = fmt.Sprintf("%d of %d branches shown, ", report.Tried, report.Branches)
	}
	r.say("profile %s (%s): %d %s, %s%d round-trip %s, %d %s; %s; %s",
		p.Name(), where, report.Messages, plural(report.Messages, "message"), branches,
		report.Frames, plural(report.Frames, "check"), report.Replies, replies(report.Replies), verdict, counted(report))
	for i := range report.Findings {
		f := &report.Findings[i]
		one.add(f)
		switch {
		case f.Severity == codec.SeverityError:
			one.OK = false
			r.broken = append(r.broken, fmt.Errorf("profile %s: %s", p.Name(), f))
		case f.Severity == codec.SeverityWarning:
			r.warnings++
			one.OK = one.OK && !r.strict
			r.say("%s", f)
		case r.notes:
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

// isShipped tells whether a shipped profile has this name.
func isShipped(p *codec.Profile) bool { return slices.Contains(codec.ShippedNames(), p.Name()) }

func (c *checkedProfile) add(f *codec.Finding) {
	one := checkFinding{Severity: f.Severity, Rule: f.Rule, File: f.File, Line: f.Line, Key: f.Key, Found: f.Found,
		Expected: f.Expected}
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
func counted(p *check.Report) string {
	errors, warnings, notes := p.Count(codec.SeverityError), p.Count(codec.SeverityWarning), p.Count(codec.SeverityNote)
	return fmt.Sprintf("%d %s, %d %s, %d %s", errors, plural(errors, "error"), warnings, plural(warnings, "warning"),
		notes, plural(notes, "note"))
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
	if r.warnings > 0 && r.strict {
		return usageError{fmt.Errorf("check: %d %s", r.warnings, plural(r.warnings, "warning"))}
	}
	if r.warnings > 0 {
		r.say("%d %s, no errors", r.warnings, plural(r.warnings, "warning"))
		return nil
	}
	r.say("no problems")
	return nil
}

// brokenProfiles is what is wrong with definitions.
type brokenProfiles struct{ error }

// problemsOf is what a profile that compiles can still have wrong.
func problemsOf(p *codec.Profile) []error {
	out := check.Examples(p)
	report := check.Profile(p)
	for i := range report.Findings {
		if f := &report.Findings[i]; f.Severity == codec.SeverityError {
			out = append(out, errors.New(f.String()))
		}
	}
	return out
}
