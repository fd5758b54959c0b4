package simulate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
	"trama/internal/words"
)

// scriptCompiler turns [simulate] into a script.
type scriptCompiler struct {
	src   *schema.Reader
	d     *schema.SimulateDef
	s     *Script
	lines map[string]*Line

	shared map[string]sharedValue // of [simulate.fields]: what wanders is one value in all messages
}

type sharedValue struct {
	value    any
	constant bool
}

// rehearsal is the time at which every line is said once, so that a definition whose masters cannot speak is refused.
var rehearsal = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// CompileScript compiles [simulate]; nil when there is none, or when problems were reported.
func CompileScript(src *schema.Reader, d *schema.SimulateDef, p *program.Program, zone *time.Location) *Script {
	if d == nil {
		return nil
	}
	s := &scriptCompiler{src: src, d: d, s: &Script{p: p, Refuse: uint64(d.Refuse), zone: zone},
		lines: map[string]*Line{}, shared: map[string]sharedValue{}}
	s.identity()
	s.s.Register = s.list("register", d.Register)
	s.s.Login = s.list("login", d.Login)
	s.s.Measure = s.list("measure", d.Measure)
	if d.Ask != "" {
		s.s.Ask = s.line(d.Path+".ask", d.Ask)
	}
	s.s.Answers = s.table("answers", d.Answers)
	s.s.Then = s.table("then", d.Then)
	s.keepAlive()
	if d.Measure == nil {
		src.Problem(d.Path+".measure", "nothing", "the messages that a master sends every period")
	}
	for _, name := range slices.Sorted(maps.Keys(d.Messages)) {
		if s.lines[name] == nil {
			src.Problem(schema.Join(d.Path, "message."+name), field.Quote(name),
				"a message that is said: "+strings.Join(slices.Sorted(maps.Keys(s.lines)), ", "),
				slices.Sorted(maps.Keys(s.lines))...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.Fields)) {
		if !slices.ContainsFunc(slices.Sorted(maps.Keys(s.lines)), func(name string) bool { return s.lines[name].has(key) }) {
			src.Problem(schema.Join(d.Path, "fields."+key), field.Quote(key), "a field of a message that is said")
		}
	}
	if len(src.Problems) > 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.lines)) {
		if err := s.s.rehearse(s.lines[name], rehearsal); err != nil {
			s.cannot(s.lines[name], err)
		}
	}
	return s.s
}

// cannot reports a line that cannot be said, at the value that is wrong where there is one.
func (s *scriptCompiler) cannot(l *Line, err error) {
	path, found := l.path, err.Error()
	var bad *field.FieldError
	switch {
	case !errors.As(err, &bad) || bad.Field == "":
	case bad.Frame != "" && bad.Frame != l.Message.Name:
		s.src.Problem(path, fmt.Sprintf("%s, whose acknowledgement %s cannot be made: %s: %v", l.Message.Name,
			bad.Frame, bad.Field, bad.Err), "a [[reply]] that says what stands in it")
		return
	default:
		found = fmt.Sprintf("%s: %s: %v", l.Message.Name, bad.Field, bad.Err)
		for _, at := range []string{schema.Join(s.d.Path, "message."+l.Message.Name+"."+bad.Field),
			schema.Join(s.d.Path, "fields."+bad.Field)} {
			if s.src.Knows(at) {
				path = at
				break
			}
		}
	}
	s.src.Problem(path, found, "values of which the message can be made")
}

func (l *Line) has(key string) bool {
	return slices.ContainsFunc(l.Message.Fields, func(f *field.Field) bool { return f.Key == key })
}

func (s *scriptCompiler) identity() {
	path := schema.Join(s.d.Path, "identity")
	if s.d.Identity == "" {
		return
	}
	ph, constant, err := s.s.readPhrase(s.d.Identity)
	if constant || err != nil || slices.ContainsFunc(ph,
		func(p piece) bool { return p.kind != pieceText && p.kind != pieceSerial }) {
		s.src.Problem(path, field.Quote(s.d.Identity), "a text with {serial} or {serial:DIGITS}")
		return
	}
	s.s.identity = ph
}

func (s *scriptCompiler) keepAlive() {
	path := schema.Join(s.d.Path, "keep_alive")
	if s.d.KeepAlive != "" {
		s.s.KeepAlive = s.line(path+".send", s.d.KeepAlive)
	}
	if s.d.After != "" {
		after, err := words.Duration(s.d.After)
		if err != nil || after <= 0 {
			s.src.Problem(path+".after", field.Quote(s.d.After), `a duration with its unit, such as "3m"`)
		}
		s.s.After = after
	}
}

// serverKeys are the fields that the server says.
func (s *scriptCompiler) serverKeys() (keys []string) {
	for _, m := range s.s.p.Messages {
		if m.From != field.Server && m.From != field.Anyone {
			continue
		}
		for _, f := range m.Fields {
			keys = append(keys, f.Key)
		}
	}
	return keys
}

func (s *scriptCompiler) list(key string, names []string) (out []*Line) {
	for i, name := range names {
		if l := s.line(fmt.Sprintf("%s.%s[%d]", s.d.Path, key, i), name); l != nil {
			out = append(out, l)
		}
	}
	return out
}

// table reads what follows on commands.
func (s *scriptCompiler) table(key string, names map[string]string) map[string]*Line {
	out := map[string]*Line{}
	for _, command := range slices.Sorted(maps.Keys(names)) {
		path := schema.Join(s.d.Path, key+"."+command)
		var known []string
		for _, m := range s.s.p.Messages {
			if m.From == field.Server || m.From == field.Anyone {
				known = append(known, m.Name)
			}
		}
		if !slices.Contains(known, command) {
			s.src.Problem(path, field.Quote(command), "the name of a message from the server", known...)
			continue
		}
		if l := s.line(path, names[command]); l != nil {
			out[command] = l
			if key == "answers" && l.on == nil {
				l.on = s.s.p.Messages[slices.IndexFunc(s.s.p.Messages, func(m *field.Message) bool { return m.Name == command })]
			}
		}
	}
	return out
}

// line prepares a message that is said.
func (s *scriptCompiler) line(path, name string) *Line {
	if l := s.lines[name]; l != nil {
		return l
	}
	var known []string
	at := -1
	for i, m := range s.s.p.Messages {
		if m.From == field.Master || m.From == field.Anyone {
			known = append(known, m.Name)
			if m.Name == name {
				at = i
			}
		}
	}
	if at < 0 {
		s.src.Problem(path, field.Quote(name), "the name of a message from the master", known...)
		return nil
	}
	l := &Line{Message: s.s.p.Messages[at], path: path, fields: map[string]any{}}
	s.lines[name] = l
	own := s.d.Messages[name]
	for _, key := range slices.Sorted(maps.Keys(own)) {
		value, constant := s.value(schema.Join(s.d.Path, "message."+name+"."+key), own[key])
		l.give(key, value, constant)
	}
	for _, key := range slices.Sorted(maps.Keys(s.d.Fields)) {
		if _, mine := own[key]; !mine && l.has(key) {
			v, ok := s.shared[key]
			if !ok {
				v.value, v.constant = s.value(schema.Join(s.d.Path, "fields."+key), s.d.Fields[key])
				s.shared[key] = v
			}
			l.give(key, v.value, v.constant)
		}
	}
	return l
}

func (l *Line) give(key string, value any, constant bool) {
	if constant {
		l.fields[key] = value
	} else {
		l.varying = append(l.varying, varyingField{key, value})
	}
}

// value reads what a field is given; constant says that it is the same in every frame.
func (s *scriptCompiler) value(path string, v any) (out any, constant bool) {
	constant = true
	switch v := v.(type) {
	case string:
		ph, constant, err := s.s.readPhrase(v)
		switch {
		case err != nil:
			s.src.Problem(path, err.Error(), blanksAllowed)
		case !constant:
			if ph[0].kind == pieceHeard && !slices.Contains(s.serverKeys(), ph[0].text) {
				s.src.Problem(path, field.Quote("$"+ph[0].text), "a field of a message from the server", s.serverKeys()...)
			}
			return ph, false
		}
		return v, true
	case map[string]any:
		group := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			part, same := s.value(schema.Join(path, key), v[key])
			group[key], constant = part, constant && same
		}
		out = group
	case []map[string]any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = e
		}
		return s.value(path, list)
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			part, same := s.value(fmt.Sprintf("%s[%d]", path, i), e)
			list[i], constant = part, constant && same
		}
		out = list
	default:
		return v, true
	}
	if !constant {
		return varying{out}, false
	}
	return out, true
}
