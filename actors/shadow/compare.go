package shadow

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"trama/actors/profiles"
	"trama/codec"
)

// Info is what a shadow has found.
type Info struct {
	Listener  string    `json:"listener"`
	Active    string    `json:"active"`    // name of the profile that the listener has
	Candidate string    `json:"candidate"` // and of the one that is tried
	Hash      string    `json:"hash"`      // of the candidate
	Source    string    `json:"source"`
	State     string    `json:"state"` // comparing, stuck, ended
	Detail    string    `json:"detail,omitempty"`
	Since     time.Time `json:"since"`
	Reads     uint64    `json:"reads"`         // that were to be compared
	Dropped   uint64    `json:"dropped_reads"` // of further ones: the queue was full

	Frames             uint64    `json:"frames"` // of the active profile that were compared
	Same               uint64    `json:"same"`   // of these, in every field and in the acknowledgement
	Different          uint64    `json:"different"`
	RefusedByCandidate []Refused `json:"refused_by_candidate"` // frames of the active profile
	RefusedByActive    []Refused `json:"refused_by_active"`    // frames that only the candidate finds
	// cut at another place, though either could read them
	Framing        uint64            `json:"framing"`
	FramingExample *Example          `json:"framing_example,omitempty"`
	Fields         []FieldDifference `json:"fields"`
	// differences in fields beyond those that are told apart
	OtherFields         uint64   `json:"other_fields,omitempty"`
	Acknowledgement     uint64   `json:"acknowledgement"` // answered otherwise
	AcknowledgementLast *Example `json:"acknowledgement_example,omitempty"`
}

// Refused counts frames by the reason why one side refused them.
type Refused struct {
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
	Error  string `json:"error"` // of the last one
	Frame  string `json:"frame"` // the last one, in hexadecimal
}

// FieldDifference is a field that the two sides read otherwise.
type FieldDifference struct {
	Field string `json:"field"` // list[] stands for any element
	Count uint64 `json:"count"` // frames
	Example
}

// Example is the last difference of a kind.
type Example struct {
	Active    string `json:"active"` // as JSON, or hexadecimal; empty: absent
	Candidate string `json:"candidate"`
	Frame     string `json:"frame"` // in hexadecimal
}

// findings are counters and last examples.
type findings struct {
	frames, same, different uint64
	byCandidate, byActive   map[string]*Refused
	framing                 uint64
	framingLast             Example
	fields                  map[string]*FieldDifference
	otherFields             uint64
	acks                    uint64
	acksLast                Example
}

// Info tells what it has found so far.
func (sh *Shadow) Info() Info {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	f := &sh.found
	info := Info{
		Listener: sh.Listener, Active: sh.Active.Profile.Name(), Candidate: sh.Candidate.Profile.Name(),
		Hash:   profiles.Hash(sh.Candidate.Profile),
		Source: sh.Candidate.Source, State: "comparing", Since: sh.since, Reads: sh.offered.Load(), Dropped: sh.dropped.Load(),
		Frames: f.frames, Same: f.same, Different: f.different, RefusedByCandidate: listed(f.byCandidate),
		RefusedByActive: listed(f.byActive),
		Framing:         f.framing, Fields: []FieldDifference{}, OtherFields: f.otherFields, Acknowledgement: f.acks,
	}
	if f.framing > 0 {
		info.FramingExample = &Example{f.framingLast.Active, f.framingLast.Candidate, f.framingLast.Frame}
	}
	if f.acks > 0 {
		info.AcknowledgementLast = &Example{f.acksLast.Active, f.acksLast.Candidate, f.acksLast.Frame}
	}
	for _, d := range f.fields {
		info.Fields = append(info.Fields, *d)
	}
	slices.SortFunc(info.Fields, func(a, b FieldDifference) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Field, b.Field))
	})
	if since := sh.busy.Load(); sh.why != "" {
		info.State, info.Detail = "ended", sh.why
	} else if since != 0 && time.Since(time.Unix(0, since)) > shadowStuck {
		info.State, info.Detail = "stuck", fmt.Sprintf("it has worked on one read since %s", time.Unix(0,
			since).Format(time.RFC3339))
	}
	return info
}

func listed(by map[string]*Refused) []Refused {
	all := []Refused{}
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		all = append(all, *by[reason])
	}
	return all
}

// cutHex is a frame for people, at most so many bytes of it.
func cutHex(raw []byte) string {
	if len(raw) > shadowHex {
		return hex.EncodeToString(raw[:shadowHex]) + "…"
	}
	return hex.EncodeToString(raw)
}

func refuse(by *map[string]*Refused, err error, raw []byte) {
	if *by == nil {
		*by = map[string]*Refused{}
	}
	reason := profiles.Reason(err)
	r := (*by)[reason]
	if r == nil {
		r = &Refused{Reason: reason}
		(*by)[reason] = r
	}
	r.Count++
	r.Error, r.Frame = err.Error(), cutHex(raw)
}

// both compares what the two make of the same bytes.
func (sh *Shadow) both(s *stream, raw []byte, now time.Time) {
	var frames [2]codec.Frame
	var errs [2]error
	for i := range s.cuts {
		errs[i] = s.cuts[i].side.decode(raw, &frames[i])
	}
	if errs[current] != nil || errs[candidate] != nil {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		switch f := &sh.found; {
		case errs[current] == nil:
			f.frames++
			refuse(&f.byCandidate, errs[candidate], raw)
		case errs[candidate] == nil:
			refuse(&f.byActive, errs[current], raw)
		}
		return
	}
	var acks [2][]byte
	var ackErrs [2]error
	for i := range s.cuts {
		acks[i], ackErrs[i] = s.cuts[i].answer(&frames[i], now)
	}
	fields := differences(&frames[current], &frames[candidate])
	sh.mu.Lock()
	defer sh.mu.Unlock()
	f := &sh.found
	f.frames++
	sameAck := bytes.Equal(acks[0], acks[1]) && (ackErrs[0] == nil) == (ackErrs[1] == nil)
	if len(fields) == 0 && sameAck {
		f.same++
		return
	}
	f.different++
	if !sameAck {
		f.acks++
		f.acksLast = Example{ackText(acks[0], ackErrs[0]), ackText(acks[1], ackErrs[1]), cutHex(raw)}
	}
	if f.fields == nil {
		f.fields = map[string]*FieldDifference{}
	}
	for name, values := range fields {
		d := f.fields[name]
		if d == nil && len(f.fields) >= shadowFields {
			f.otherFields++
			continue
		}
		if d == nil {
			d = &FieldDifference{Field: name}
			f.fields[name] = d
		}
		d.Count++
		d.Example = Example{values[0], values[1], cutHex(raw)}
	}
}

func ackText(ack []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	return hex.EncodeToString(ack)
}

// answer is the acknowledgement as the connection would make it.
func (c *cutter) answer(f *codec.Frame, now time.Time) ([]byte, error) {
	if c.side.login {
		c.side.profile.Remember(&c.session, f)
	}
	ack, _, err := c.side.profile.Reply(nil, f, codec.Env{Now: now, Session: &c.session})
	return ack, err
}

// onlyCurrent: a frame of the active profile that the candidate did not find there.
func (sh *Shadow) onlyCurrent(s *stream, raw []byte, now time.Time) {
	var a, b codec.Frame
	if s.cuts[current].side.decode(raw, &a) == nil {
		_, _ = s.cuts[current].answer(&a, now) // its counters go on; what it says is not compared
	}
	err := sh.candidate.decode(raw, &b)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.found.frames++
	if err != nil {
		refuse(&sh.found.byCandidate, err, raw)
		return
	}
	sh.found.framing++
	sh.found.framingLast = Example{Active: fmt.Sprintf("%d bytes", len(raw)), Frame: cutHex(raw)}
}

// onlyCandidate: a frame that the active profile did not find there.
func (sh *Shadow) onlyCandidate(raw []byte) {
	var f codec.Frame
	err := sh.current.decode(raw, &f)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if err != nil {
		refuse(&sh.found.byActive, err, raw)
		return
	}
	sh.found.framing++
	sh.found.framingLast = Example{Candidate: fmt.Sprintf("%d bytes", len(raw)), Frame: cutHex(raw)}
}

// cutOtherwise: both find a frame there, of different sizes.
func (sh *Shadow) cutOtherwise(a, b []byte) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.found.frames++
	sh.found.framing++
	longer := a
	if len(b) > len(a) {
		longer = b
	}
	sh.found.framingLast = Example{fmt.Sprintf("%d bytes", len(a)), fmt.Sprintf("%d bytes", len(b)), cutHex(longer)}
}

// differences are the fields that two frames of the same bytes do not agree about: their values as JSON by name.
func differences(a, b *codec.Frame) map[string][2]string {
	textA, errA := a.AppendJSON(nil)
	textB, errB := b.AppendJSON(nil)
	if errA == nil && errB == nil && bytes.Equal(textA, textB) && string(a.Identity()) == string(b.Identity()) {
		return nil
	}
	values := [2]map[string]string{{}, {}}
	for i, text := range [][]byte{textA, textB} {
		tree := map[string]any{}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&tree); err != nil {
			values[i]["(JSON)"] = err.Error()
		}
		delete(tree, "profile")
		delete(tree, "direction")
		leaves(values[i], "", tree)
	}
	values[0]["(identity)"], values[1]["(identity)"] = string(a.Identity()), string(b.Identity())
	found := map[string][2]string{}
	for i, mine := range values {
		for path, value := range mine {
			if other, ok := values[1-i][path]; !ok || other != value {
				pair := [2]string{}
				pair[i], pair[1-i] = value, other
				found[withoutIndexes(path)] = pair
			}
		}
	}
	return found
}

// leaves puts the leaves of a tree into values: group.field, list[0].field.
func leaves(values map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			name := key
			if path != "" {
				name = path + "." + key
			}
			leaves(values, name, inner)
		}
	case []any:
		for i, inner := range v {
			leaves(values, fmt.Sprintf("%s[%d]", path, i), inner)
		}
	default:
		text, err := json.Marshal(v)
		if err != nil {
			text = []byte(err.Error())
		}
		values[path] = string(text)
	}
}

// withoutIndexes makes one name of all elements of a list.
func withoutIndexes(path string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(path, '[')
		if open < 0 {
			b.WriteString(path)
			return b.String()
		}
		end := strings.IndexByte(path[open:], ']')
		b.WriteString(path[:open] + "[]")
		path = path[open+end+1:]
	}
}
