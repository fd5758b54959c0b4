package compile

import (
	"slices"

	"trama/codec/internal/field"
	"trama/codec/internal/program"
	"trama/codec/internal/schema"
)

// CompileSettings compiles [settings]; nil when there is none.
func CompileSettings(src *schema.Reader, def *schema.SettingsDef, p *program.Program) *program.Settings {
	if def == nil {
		return nil
	}
	s := &program.Settings{Wanted: def.Wanted, On: messageOf(src, def.Path+".on", def.On, p, field.Master)}
	if len(def.Wishes) == 0 {
		src.Problem(def.Path+".wishes", "nothing", "what a master can ask for: fields of its request, each with the command that fulfils it")
	}
	for _, w := range def.Wishes {
		wish := program.Wish{Field: w.Field, Shown: w.Shown, Command: commandOf(src, w.Path+".command", w.Command, p)}
		fieldOf(src, w.Path+".field", w.Field, s.On)
		if slices.ContainsFunc(s.Wishes, func(other program.Wish) bool { return other.Command != nil && other.Command == wish.Command }) {
			src.Problem(w.Path+".command", field.Quote(w.Command)+" a second time", "a command for each wish")
		}
		switch {
		case w.Report == "" && w.Shown != "":
			src.Problem(w.Path+".shown", field.Quote(w.Shown), "report beside it: the message that has the field")
		case w.Report != "":
			wish.Report = messageOf(src, w.Path+".report", w.Report, p, field.Master)
			if w.Shown == "" {
				src.Problem(w.Path+".shown", "nothing", "the field of "+w.Report+" that shows what the master has")
			} else {
				fieldOf(src, w.Path+".shown", w.Shown, wish.Report)
			}
		}
		s.Wishes = append(s.Wishes, wish)
	}
	return s
}

// CompileClock compiles [clock]; nil when there is none.
func CompileClock(src *schema.Reader, def *schema.ClockDef, p *program.Program) *program.Clock {
	if def == nil {
		return nil
	}
	c := &program.Clock{Set: commandOf(src, def.Path+".set", def.Set, p), Connect: def.Connect, Drift: def.Drift}
	dated := slices.ContainsFunc(p.Messages, func(m *field.Message) bool {
		return m.From != field.Server && slices.ContainsFunc(m.Fields, func(f *field.Field) bool { return f.Role == field.RoleTimestamp })
	})
	switch {
	case c.Set != nil && !c.Set.Bare():
		src.Problem(def.Path+".set", field.Quote(def.Set)+", which needs arguments", "a command that needs none")
	case !def.Connect && def.Drift == 0:
		src.Problem(def.Path, "neither connect nor drift", `connect = true, drift = "60s" or both: when the clock is set`)
	case def.Drift > 0 && !dated:
		src.Problem(def.Path+".drift", "it without a time in the frames of a master", `a field of role "timestamp", or connect alone`)
	}
	return c
}

// commandOf finds a command by its name; nil when a problem was reported.
func commandOf(src *schema.Reader, path, name string, p *program.Program) *program.Command {
	var names []string
	for _, c := range p.Orders {
		if c.Name == name {
			return c
		}
		names = append(names, c.Name)
	}
	if name != "" { // else that it is missing was reported
		src.Problem(path, field.Quote(name), "the name of a command", names...)
	}
	return nil
}

// messageOf finds a message that a party sends; nil when a problem was reported.
func messageOf(src *schema.Reader, path, name string, p *program.Program, from field.Party) *field.Message {
	var names []string
	for _, m := range p.Messages {
		if m.From != from && m.From != field.Anyone {
			continue
		}
		if m.Name == name {
			return m
		}
		names = append(names, m.Name)
	}
	if name != "" { // else that it is missing was reported
		src.Problem(path, field.Quote(name), "a message of the "+field.PartyWords[from], names...)
	}
	return nil
}

func fieldOf(src *schema.Reader, path, key string, m *field.Message) {
	if m != nil && key != "" && !slices.ContainsFunc(m.Fields, func(f *field.Field) bool { return f.Key == key }) {
		src.Problem(path, field.Quote(key), "a field of "+m.Name, keysOfMessage(m.Fields)...)
	}
}
