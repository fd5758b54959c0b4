package simulate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"trama/codec/internal/decode"
	"trama/codec/internal/encode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
)

// Script is how a simulated master of a profile behaves: [simulate] of the definition.  Read-only.
type Script struct {
	Register  []*Line          // said once, before the first login
	Login     []*Line          // said at the beginning of every connection, each when the one before is acknowledged
	Measure   []*Line          // said in turn
	KeepAlive *Line            // said after a silence; nil: never
	After     time.Duration    // that silence; 0: the definition does not say
	Ask       *Line            // said to be told its settings; nil: it never asks
	Answers   map[string]*Line // by the name of a command: what is answered
	Then      map[string]*Line // by the name of a command: what is said when it has been answered
	Refuse    uint64           // result in the answer to a command that the definition does not list
	Hears     []string         // keys of the server's frames whose last value a Speaker must know

	p        *program.Program
	identity phrase
	zone     *time.Location
	walks    int
}

// Line is one message of a master with the values of its fields.
type Line struct {
	Message      *field.Message
	Acknowledged bool // the server owes an acknowledgement

	fields  map[string]any // the same in every frame
	varying []varyingField
	auto    []*field.Field // filled by their role
	path    string
	on      *field.Message // the command that is answered with it
}

type varyingField struct {
	key   string
	value any // a phrase, or a varying part with some inside
}

// varying marks a group or list with phrases inside.
type varying struct{ value any }

// Speaker is one simulated master.  It is owned by the caller and not safe for concurrent use.
type Speaker struct {
	Serial string            // digits; identity and other texts are made of them
	Number uint64            // for fields of role transaction
	Result uint64            // for fields of role result
	Heard  map[string]string // last values of the server's fields that Script.Hears lists
	Random func() float64    // 0 ≤ x < 1

	walks []float64
}

// Identity is what a master with this serial says that it is.
func (s *Script) Identity(serial string) string {
	if len(s.identity) == 0 {
		return serial
	}
	width := 0
	for _, p := range s.identity {
		if p.kind != pieceSerial && p.kind != pieceText || p.kind == pieceSerial && p.width == 0 {
			width = len(serial)
			break
		}
		width = max(width, p.width)
	}
	if len(serial) > width { // it is the whole identity
		return serial
	}
	text, _ := s.identity.say(s, &Speaker{Serial: serial}, time.Time{}) // nothing in it can fail: see identityPhrase
	return text.(string)
}

// Speak makes f the frame of a line.  The error is a *FieldError: a field refers to something of the server that has
// not been heard, or the values make no frame.
func (s *Script) Speak(f *frame.Frame, l *Line, by *Speaker, env encode.Env) error {
	fields := make(map[string]any, len(l.fields)+len(l.varying)+len(l.auto))
	maps.Copy(fields, l.fields)
	for _, v := range l.varying {
		value, err := say(v.value, s, by, env.Now)
		if err != nil {
			return &field.FieldError{Profile: s.p.Name, Frame: l.Message.Name, Field: v.key, Offset: -1, Err: err}
		}
		if ph, ok := v.value.(phrase); ok && ph[0].kind == pieceHeard {
			value = s.taken(l, v.key, ph[0].text, value)
		}
		fields[v.key] = value
	}
	for _, item := range l.auto {
		switch item.Role {
		case field.RoleIdentity:
			fields[item.Key] = s.Identity(by.Serial)
		case field.RoleTransaction:
			fields[item.Key] = by.Number
		case field.RoleTimestamp:
			fields[item.Key] = env.Now
		case field.RoleResult:
			fields[item.Key] = by.Result
		}
	}
	return encode.Build(s.p, env, f, l.Message.Name, fields)
}

// taken is what was heard as the field of a line takes it: a label that it does not have gives way to its number.
func (s *Script) taken(l *Line, key, heard string, value any) any {
	labelled := func(m *field.Message, key string) (n int64, known, ok bool) {
		i := slices.IndexFunc(m.Fields, func(f *field.Field) bool { return f.Key == key })
		if i < 0 {
			return 0, false, false
		}
		for _, e := range m.Fields[i].Enum {
			if e.Label == value {
				return e.Value, true, true
			}
		}
		return 0, true, false
	}
	if _, is, ok := labelled(l.Message, key); !is || ok {
		return value
	}
	for _, m := range s.p.Messages {
		if m.From == field.Server || m.From == field.Anyone {
			if n, _, ok := labelled(m, heard); ok {
				return n
			}
		}
	}
	return value
}

// say fills a value in.
func say(v any, s *Script, by *Speaker, now time.Time) (any, error) {
	switch v := v.(type) {
	case phrase:
		return v.say(s, by, now)
	case varying:
		switch inner := v.value.(type) {
		case map[string]any:
			out := make(map[string]any, len(inner))
			for key, part := range inner {
				said, err := say(part, s, by, now)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", key, err)
				}
				out[key] = said
			}
			return out, nil
		case []any:
			out := make([]any, len(inner))
			for i, part := range inner {
				said, err := say(part, s, by, now)
				if err != nil {
					return nil, fmt.Errorf("element %d: %w", i, err)
				}
				out[i] = said
			}
			return out, nil
		}
	}
	return v, nil
}

// rehearse says a line once: it fills in which fields the roles give, and whether an acknowledgement is owed.
func (s *Script) rehearse(l *Line, at time.Time) error {
	p := s.p
	given := func(key string) bool {
		if _, ok := l.fields[key]; ok {
			return true
		}
		return slices.ContainsFunc(l.varying, func(v varyingField) bool { return v.key == key })
	}
	l.auto = nil
	for _, item := range l.Message.Fields {
		switch item.Role {
		case field.RoleIdentity, field.RoleTransaction, field.RoleTimestamp, field.RoleResult:
			if !given(item.Key) && item.Kind != field.KindGroup {
				l.auto = append(l.auto, item)
			}
		}
	}
	var f frame.Frame
	for chance := 0.0; chance <= 1; { // what wanders is tried at both ends of its range
		by := &Speaker{Serial: "1", Number: 1, Random: func() float64 { return chance }, Heard: s.samples(l)}
		err := s.Speak(&f, l, by, encode.Env{Now: at})
		if err == nil {
			chance++
			continue
		}
		// A field with a role deep inside a list is the affair of the values given for the list.
		var bad *field.FieldError
		i := -1
		if errors.As(err, &bad) && errors.Is(err, field.ErrUnknownField) {
			i = slices.IndexFunc(l.auto, func(f *field.Field) bool { return f.Key == bad.Field })
		}
		if i < 0 {
			return err
		}
		l.auto = slices.Delete(l.auto, i, i+1)
	}
	raw, err := encode.AppendFrame(p, nil, &f)
	if err == nil {
		err = decode.Decode(p, field.Uplink, raw, &f)
	}
	if err == nil {
		_, l.Acknowledged, err = encode.ReplyTo(p, nil, &f, encode.Env{Now: at})
	}
	return err
}

// samples are values that the server's fields might have when a line is said.
func (s *Script) samples(l *Line) map[string]string {
	heard := map[string]string{}
	for _, key := range s.Hears {
		if l.on != nil {
			if text, ok := sampleOf(l.on, key); ok {
				heard[key] = text
				continue
			}
		}
		heard[key] = "1"
		for _, m := range s.p.Messages {
			if m.From == field.Server || m.From == field.Anyone {
				if text, ok := sampleOf(m, key); ok {
					heard[key] = text
					break
				}
			}
		}
	}
	return heard
}

// sampleOf is a value that a field of the message might have.
func sampleOf(m *field.Message, key string) (text string, ok bool) {
	i := slices.IndexFunc(m.Fields, func(f *field.Field) bool { return f.Key == key })
	if i < 0 {
		return "", false
	}
	switch f := m.Fields[i]; {
	case f.Role == field.RoleCommand && m.Command != "":
		return m.Command, true
	case f.Kind == field.KindTime:
		return "2026-01-02T03:04:05Z", true
	case f.Kind == field.KindBytes:
		return fmt.Sprintf("%0*d", 2*max(f.Size, 1), 0), true
	case (f.Kind == field.KindUint || f.Kind == field.KindInt) && (f.Min > 1 || f.Max < 1):
		return fmt.Sprint(f.Min), true
	}
	return "1", true
}
