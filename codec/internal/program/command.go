package program

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"trama/codec/internal/field"
	"trama/codec/internal/scalar"
	"trama/internal/words"
)

// Command is one [[command]], or a message of the server that has none: what it needs, what answers it, and what
// follows.  Read-only.
type Command struct {
	Name      string
	Title     string
	Message   *field.Message
	Class     string        // "idempotent", "verify" or "never": whether it may be sent again after silence
	Expires   time.Duration // how long it may wait for its master; 0: the definition does not say
	Arguments []*Argument
	Set       map[string]any   // values of fields that are always the same, by path
	Answers   []*field.Message // the only messages that answer it; none: any whose fields agree
	Same      [][2]string      // fields of the command and of its answer that are equal where both have them
	Report    *field.Message   // what the master sends by itself because of it; nil: nothing
	Verify    *Follow          // how its effect is read back; nil: not at all
	Then      []*Follow        // what is asked when it is done

	Path    string          // of [[command]]; empty: the message is the command by itself
	Profile string          // its name, for errors
	Known   map[string]bool // paths of the fields of the message
}

// Argument is one argument of a command: a field under a name of its own.
type Argument struct {
	Key      string
	Field    string // path of the field
	Title    string
	Unit     string
	Required bool
	Min, Max *float64 // after scaling; nil: as the field says
	Enum     []field.EnumLabel

	Op     *scalar.Op // of the field, with the labels of the argument
	Judged bool       // a value for it can be judged alone: its size and its exponent do not vary
}

// Follow is a command that follows another one.
type Follow struct {
	Command  string
	With     map[string]any   // its arguments: values, or "$" and the path of a field of the command before
	Messages []*field.Message // that show the effect; none: any
	By, Same [][2]string      // fields of the command and of the frame: whether it is about it, and shows its effect
}

// Arguments are those of the command that follows one with these fields.
func (f *Follow) Arguments(fields map[string]any) map[string]any {
	out := make(map[string]any, len(f.With))
	for key, v := range f.With {
		if text, is := v.(string); is && strings.HasPrefix(text, "$") {
			if v = fields[text[1:]]; v == nil { // it was not given
				continue
			}
		}
		out[key] = v
	}
	return out
}

// Bare says that c needs no arguments.
func (c *Command) Bare() bool {
	return !slices.ContainsFunc(c.Arguments, func(a *Argument) bool { return a.Required })
}

// Argument finds an argument by its name or the path of its field; nil: there is none.
func (c *Command) Argument(name string) *Argument {
	for _, by := range []func(a *Argument) string{func(a *Argument) string { return a.Key }, func(a *Argument) string { return a.Field }} {
		if at := slices.IndexFunc(c.Arguments, func(a *Argument) bool { return by(a) == name }); at >= 0 {
			return c.Arguments[at]
		}
	}
	return nil
}

// Fields are the values of the fields that arguments give, by the names of the arguments or by those of the fields.
// The error is a *FieldError that names the argument.
func (c *Command) Fields(args map[string]any) (map[string]any, error) {
	fields := make(map[string]any, len(args)+len(c.Set))
	for _, name := range slices.Sorted(maps.Keys(args)) {
		key, v := name, args[name]
		if a := c.Argument(name); a != nil {
			key = a.Field
			var err error
			if v, err = a.value(v); err != nil {
				return nil, c.fault(a.Key, err)
			}
		} else if err := c.unknown(name); err != nil {
			return nil, c.fault(name, err)
		}
		if _, twice := fields[key]; twice {
			return nil, c.fault(name, fmt.Errorf("%w: given twice", field.ErrValue))
		}
		fields[key] = v
	}
	for key, v := range c.Set {
		if _, given := fields[key]; given {
			return nil, c.fault(key, fmt.Errorf("%w: it is always %v in this command", field.ErrValue, v))
		}
		fields[key] = v
	}
	for _, a := range c.Arguments {
		if _, given := fields[a.Field]; !given && a.Required {
			return nil, c.fault(a.Key, field.ErrMissing)
		}
	}
	return fields, nil
}

func (c *Command) fault(name string, err error) error {
	return &field.FieldError{Profile: c.Profile, Frame: c.Message.Name, Field: name, Offset: -1, Err: err}
}

// unknown is the error of a name that is neither that of an argument nor that of a field.
func (c *Command) unknown(name string) error {
	first, _, _ := strings.Cut(name, ".")
	if c.Known[first] {
		return nil
	}
	known := slices.Sorted(maps.Keys(c.Known))
	for _, a := range c.Arguments {
		known = append(known, a.Key)
	}
	return fmt.Errorf("%w%s", field.ErrUnknownField, words.DidYouMean(name, known))
}

// value checks a value, and returns it as the field takes it.
func (a *Argument) value(v any) (any, error) {
	text, _ := scalar.TextOf(v)
	x, err := strconv.ParseFloat(text, 64)
	if err != nil && !a.Judged {
		return v, nil
	}
	if a.Judged {
		out, num, err := a.Op.Parse(nil, v, 0, false)
		if err != nil {
			return nil, err
		}
		x = scalar.Value{Op: a.Op, Num: num, Data: out}.Float()
	}
	if a.Min != nil && x < *a.Min || a.Max != nil && x > *a.Max {
		return nil, fmt.Errorf("%w: %v, allowed %s", field.ErrRange, v, a.Range())
	}
	if num, is := a.Op.Enum[text]; is {
		return num, nil
	}
	return v, nil
}

// Range is what an argument allows, as people write it; empty: as its field says.
func (a *Argument) Range() string {
	if a.Min == nil && a.Max == nil {
		return ""
	}
	return Shown(a.Min) + ".." + Shown(a.Max)
}

// Shown is a bound as people write it; empty: there is none.
func Shown(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

// Command finds a command by its name, or by the name or the command of its message.
func (p *Program) Command(name string) (*Command, bool) {
	for _, is := range []func(c *Command) bool{
		func(c *Command) bool { return c.Name == name },
		func(c *Command) bool {
			return (len(c.Set) == 0 || c.Name == c.Message.Name) && (c.Message.Name == name || c.Message.Command == name)
		},
	} {
		if at := slices.IndexFunc(p.Orders, is); at >= 0 && name != "" {
			return p.Orders[at], true
		}
	}
	return nil, false
}

// OrderNames are the names of what may be commanded.
func (p *Program) OrderNames() (names []string) {
	for _, c := range p.Orders {
		names = append(names, c.Name)
	}
	return names
}
