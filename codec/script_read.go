package codec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// scriptCompiler turns [simulate] into a script.
type scriptCompiler struct {
	src   *source
	d     *simulateDef
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

// compileScript compiles [simulate]; nil when there is none, or when problems were reported.
func compileScript(src *source, d *simulateDef, p *program, zone *time.Location) *Script {
	if d == nil {
		return nil
	}
	s := &scriptCompiler{src: src, d: d, s: &Script{p: p, Refuse: uint64(d.refuse), zone: zone}, lines: map[string]*Line{}, shared: map[string]sharedValue{}}
	s.identity()
	s.s.Register = s.list("register", d.register)
	s.s.Login = s.list("login", d.login)
	s.s.Measure = s.list("measure", d.measure)
	s.s.Answers = s.table("answers", d.answers)
	s.s.Then = s.table("then", d.then)
	s.keepAlive()
	if d.measure == nil {
		src.problem(d.path+".measure", "nothing", "the messages that a master sends every period")
	}
	for _, name := range slices.Sorted(maps.Keys(d.messages)) {
		if s.lines[name] == nil {
			src.problem(join(d.path, "message."+name), quote(name), "a message that is said: "+strings.Join(slices.Sorted(maps.Keys(s.lines)), ", "), slices.Sorted(maps.Keys(s.lines))...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.fields)) {
		if !slices.ContainsFunc(slices.Sorted(maps.Keys(s.lines)), func(name string) bool { return s.lines[name].has(key) }) {
			src.problem(join(d.path, "fields."+key), quote(key), "a field of a message that is said")
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
	var bad *FieldError
	switch {
	case !errors.As(err, &bad) || bad.Field == "":
	case bad.Frame != "" && bad.Frame != l.Message.Name:
		s.src.problem(path, fmt.Sprintf("%s, whose acknowledgement %s cannot be made: %s: %v", l.Message.Name, bad.Frame, bad.Field, bad.Err), "a [[reply]] that says what stands in it")
		return
	default:
		found = fmt.Sprintf("%s: %s: %v", l.Message.Name, bad.Field, bad.Err)
		for _, at := range []string{join(s.d.path, "message."+l.Message.Name+"."+bad.Field), join(s.d.path, "fields."+bad.Field)} {
			if s.src.Knows(at) {
				path = at
				break
			}
		}
	}
	s.src.problem(path, found, "values of which the message can be made")
}

func (l *Line) has(key string) bool {
	return slices.ContainsFunc(l.Message.Fields, func(f *Field) bool { return f.Key == key })
}

func (s *scriptCompiler) identity() {
	path := join(s.d.path, "identity")
	if s.d.identity == "" {
		return
	}
	ph, constant, err := s.s.readPhrase(s.d.identity)
	if constant || err != nil || slices.ContainsFunc(ph, func(p piece) bool { return p.kind != pieceText && p.kind != pieceSerial }) {
		s.src.problem(path, quote(s.d.identity), "a text with {serial} or {serial:DIGITS}")
		return
	}
	s.s.identity = ph
}

func (s *scriptCompiler) keepAlive() {
	path := join(s.d.path, "keep_alive")
	if s.d.keepAlive != "" {
		s.s.KeepAlive = s.line(path+".send", s.d.keepAlive)
	}
	if s.d.after != "" {
		after, err := time.ParseDuration(s.d.after)
		if err != nil || after <= 0 {
			s.src.problem(path+".after", quote(s.d.after), `a duration with its unit, such as "3m"`)
		}
		s.s.After = after
	}
}

// serverKeys are the fields that the server says.
func (s *scriptCompiler) serverKeys() (keys []string) {
	for _, m := range s.s.p.messages {
		if m.From != Server && m.From != Anyone {
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
		if l := s.line(fmt.Sprintf("%s.%s[%d]", s.d.path, key, i), name); l != nil {
			out = append(out, l)
		}
	}
	return out
}

// table reads what follows on commands.
func (s *scriptCompiler) table(key string, names map[string]string) map[string]*Line {
	out := map[string]*Line{}
	for _, command := range slices.Sorted(maps.Keys(names)) {
		path := join(s.d.path, key+"."+command)
		var known []string
		for _, m := range s.s.p.messages {
			if m.From == Server || m.From == Anyone {
				known = append(known, m.Name)
			}
		}
		if !slices.Contains(known, command) {
			s.src.problem(path, quote(command), "the name of a message from the server", known...)
			continue
		}
		if l := s.line(path, names[command]); l != nil {
			out[command] = l
			if key == "answers" && l.on == nil {
				l.on = s.s.p.messages[slices.IndexFunc(s.s.p.messages, func(m *Message) bool { return m.Name == command })]
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
	for i, m := range s.s.p.messages {
		if m.From == Master || m.From == Anyone {
			known = append(known, m.Name)
			if m.Name == name {
				at = i
			}
		}
	}
	if at < 0 {
		s.src.problem(path, quote(name), "the name of a message from the master", known...)
		return nil
	}
	l := &Line{Message: s.s.p.messages[at], path: path, fields: map[string]any{}}
	s.lines[name] = l
	own := s.d.messages[name]
	for _, key := range slices.Sorted(maps.Keys(own)) {
		value, constant := s.value(join(s.d.path, "message."+name+"."+key), own[key])
		l.give(key, value, constant)
	}
	for _, key := range slices.Sorted(maps.Keys(s.d.fields)) {
		if _, mine := own[key]; !mine && l.has(key) {
			v, ok := s.shared[key]
			if !ok {
				v.value, v.constant = s.value(join(s.d.path, "fields."+key), s.d.fields[key])
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
			s.src.problem(path, err.Error(), blanksAllowed)
		case !constant:
			if ph[0].kind == pieceHeard && !slices.Contains(s.serverKeys(), ph[0].text) {
				s.src.problem(path, quote("$"+ph[0].text), "a field of a message from the server", s.serverKeys()...)
			}
			return ph, false
		}
		return v, true
	case map[string]any:
		group := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			part, same := s.value(join(path, key), v[key])
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
