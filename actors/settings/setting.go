package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// State says how a setting of a master stands.
type State string

// States of a setting.
const (
	Waiting      State = "waiting"      // the master has not acknowledged what is desired
	Acknowledged State = "acknowledged" // it has
	Refused      State = "refused"      // it has refused it
	Drift        State = "drift"        // it had acknowledged it, and has or shows something else since
)

// Setting is what is kept for one master under one name: what the journal keeps and what people see.
type Setting struct {
	Name      string         `json:"name"` // of the command that tells it
	Arguments map[string]any `json:"arguments"`
	By        string         `json:"by,omitempty"` // who desires it,
	At        time.Time      `json:"at"`           // since when

	Acknowledged   map[string]any `json:"acknowledged,omitempty"`   // what the master has acknowledged last; nil: nothing
	AcknowledgedAt time.Time      `json:"acknowledged_at,omitzero"` //
	Settled        bool           `json:"settled,omitempty"`        // it was what is desired, once
	Code           *uint64        `json:"code,omitempty"`           // with which it was refused; nil: it was not
	RefusedAt      time.Time      `json:"refused_at,omitzero"`      //
	Shown          string         `json:"shown,omitempty"`          // what a report of the master has to say
	Reported       string         `json:"reported,omitempty"`       // what the newest one says, since the acknowledgement
	ReportedAt     time.Time      `json:"reported_at,omitzero"`     //
	Command        uint64         `json:"command_id,omitempty"`     // of the newest command that has told it, whoever has sent that
}

// Difference is an argument of which the master has, or shows, something else than what is desired.
type Difference struct {
	Argument string `json:"argument"`
	Desired  any    `json:"desired,omitempty"`
	Has      any    `json:"has,omitempty"`
	Reported bool   `json:"reported,omitempty"` // by the master on its own; else acknowledged
}

// Info is a setting and how it stands.
type Info struct {
	Setting
	State      State        `json:"state"`
	Asked      time.Time    `json:"asked,omitzero"` // when the master has last asked for it, since the start of the process
	Difference []Difference `json:"difference,omitempty"`
}

// Info describes s.
func (s *Setting) Info() Info { return Info{Setting: *s, State: s.State(), Difference: s.Difference()} }

// Set makes arguments what is desired.  What the master has acknowledged stays.
func (s *Setting) Set(arguments map[string]any, by string, at time.Time) {
	s.Arguments, s.By, s.At = arguments, by, at
	s.Settled, s.Code, s.RefusedAt = false, nil, time.Time{}
	s.Shown, s.Reported, s.ReportedAt = "", "", time.Time{}
	s.settle()
}

// Acknowledge takes in that the master has obeyed a command with arguments, whoever has sent it.
func (s *Setting) Acknowledge(arguments map[string]any, at time.Time) {
	s.Acknowledged, s.AcknowledgedAt = arguments, at
	s.Shown, s.Reported, s.ReportedAt = "", "", time.Time{}
	s.settle()
}

func (s *Setting) settle() {
	if s.Acknowledged != nil && len(differ(s.Arguments, s.Acknowledged)) == 0 {
		s.Settled, s.Code, s.RefusedAt = true, nil, time.Time{}
	}
}

// Refuse takes in that the master has refused a command with arguments; it says whether these are what is desired.
func (s *Setting) Refuse(arguments map[string]any, code uint64, at time.Time) bool {
	if len(differ(s.Arguments, arguments)) > 0 {
		return false
	}
	s.Code, s.RefusedAt = &code, at
	return true
}

// Report takes in what the master shows on its own.  argument is the one that it shows; where s has none of that name, the
// first report after the acknowledgement says what the others must say.  It says whether anything is new.
func (s *Setting) Report(argument, text string, at time.Time) bool {
	if !s.Settled || text == s.Reported {
		return false
	}
	if desired, has := s.Arguments[argument]; has {
		s.Shown = fmt.Sprint(desired)
	} else if s.Shown == "" {
		s.Shown = text
	}
	s.Reported, s.ReportedAt = text, at
	return true
}

// State says how s stands.
func (s *Setting) State() State {
	switch {
	case s.Code != nil:
		return Refused
	case !s.Settled:
		return Waiting
	case len(s.Difference()) > 0:
		return Drift
	}
	return Acknowledged
}

// Words say how s stands.
func (s *Setting) Words() string {
	switch d := s.Difference(); {
	case s.Code != nil:
		return fmt.Sprintf("%s: refused with code %d", s.Name, *s.Code)
	case len(d) > 0 && d[0].Reported:
		return fmt.Sprintf("%s: the master reports %v, not %v", s.Name, d[0].Has, d[0].Desired)
	case len(d) > 0:
		return fmt.Sprintf("%s: the master has %s = %v, not %v", s.Name, d[0].Argument, d[0].Has, d[0].Desired)
	}
	return s.Name + ": as it is kept"
}

// Difference lists what the master has, or shows, otherwise than desired, by argument.
func (s *Setting) Difference() []Difference {
	d := differ(s.Arguments, s.Acknowledged)
	if s.Reported != "" && !same(s.Shown, s.Reported) {
		d = append(d, Difference{"report", s.Shown, s.Reported, true})
	}
	return d
}

// differ lists the arguments that are not the same.
func differ(desired, has map[string]any) (out []Difference) {
	all := maps.Clone(desired)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, has)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		a, b := desired[key], has[key]
		if !same(a, b) {
			out = append(out, Difference{Argument: key, Desired: a, Has: b})
		}
	}
	return out
}

// same says that two values are the same, as text or as number: people write "15" where a program writes 15.
func same(a, b any) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	x, y := fmt.Sprint(a), fmt.Sprint(b)
	if x == y {
		return true
	}
	n, err := strconv.ParseFloat(x, 64)
	m, other := strconv.ParseFloat(y, 64)
	return err == nil && other == nil && n == m
}

// Row is s as the journal keeps it.
func (s *Setting) Row() ([]byte, error) { return json.Marshal(s) }

// Read is the inverse of Row.
func Read(row []byte) (s Setting, err error) {
	d := json.NewDecoder(bytes.NewReader(row))
	d.UseNumber() // a number of 64 bits does not fit into a float
	if err = d.Decode(&s); err == nil {
		exact(s.Arguments)
		exact(s.Acknowledged)
	}
	return s, err
}

// exact gives numbers of JSON the Go type that holds them.
func exact(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return i
		}
		if u, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return u
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for key, one := range v {
			v[key] = exact(one)
		}
	case []any:
		for i, one := range v {
			v[i] = exact(one)
		}
	}
	return v
}
