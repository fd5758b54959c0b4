package schema

import (
	"fmt"
	"time"

	"trama/codec/internal/field"
)

// CommandDef is one [[command]] as it is written.
type CommandDef struct {
	Path, Name, Message, Title, Class, Report string
	Expires                                   time.Duration
	Set                                       []SetDef
	Arguments                                 []ArgumentDef
	Answers, Same                             []string
	Verify                                    *FollowDef
	Then                                      []FollowDef
}

// ArgumentDef is one argument of a command.
type ArgumentDef struct {
	Path, Key, Field, Title, Unit string
	Min, Max                      *float64
	Enum                          []enumDef
	Required                      bool
}

// FollowDef is a command that follows another one, and what the frame shows that comes of it.
type FollowDef struct {
	Path, Command      string
	Arguments          []SetDef
	Message, By, Shows []string
}

func readCommand(t *Table) CommandDef {
	c := CommandDef{Path: t.Path, Name: t.RequiredText("name"), Message: t.Text("message"), Title: t.Text("title"),
		Class:   t.Word("class", field.RepeatWords, ""),
		Expires: t.Duration("expires", time.Second, 30*24*time.Hour, false, 0),
		Report:  t.Text("report"), Set: t.sets("set")}
	for _, a := range t.Subs("arguments") {
		c.Arguments = append(c.Arguments, readArgument(a))
	}
	if answer := t.Sub("answer"); answer != nil {
		c.Answers, c.Same = answer.Texts("message"), answer.Texts("same")
		answer.Finish()
	}
	if verify := t.Sub("verify"); verify != nil {
		v := FollowDef{Path: verify.Path, Command: verify.RequiredText("command"), Arguments: verify.sets("arguments"),
			Message: verify.Texts("message"), By: verify.Texts("by"), Shows: verify.Texts("same")}
		if len(v.Shows) == 0 {
			t.src.Problem(verify.At("same"), "nothing", "the fields that show whether the command was executed")
		}
		verify.Finish()
		c.Verify = &v
	}
	if v, ok := t.Get("then"); ok {
		for i, one := range asList(v) {
			c.Then = append(c.Then, t.follow(fmt.Sprintf("%s[%d]", t.At("then"), i), one))
		}
	}
	t.Finish()
	return c
}

func readArgument(t *Table) ArgumentDef {
	a := ArgumentDef{Path: t.Path, Key: t.RequiredText("key"), Field: t.Text("field"), Title: t.Text("title"),
		Unit: t.Text("unit"), Min: t.Number("min"), Max: t.Number("max"), Enum: t.enum(), Required: t.Flag("required", false)}
	if a.Field == "" {
		a.Field = a.Key
	}
	t.Finish()
	return a
}

// follow reads the name of a command, or a table with its arguments.
func (t *Table) follow(path string, v any) (f FollowDef) {
	switch v := v.(type) {
	case string:
		return FollowDef{Path: path, Command: v}
	case map[string]any:
		one := NewTable(t.src, path, v)
		f = FollowDef{Path: path, Command: one.RequiredText("command"), Arguments: one.sets("arguments")}
		one.Finish()
	default:
		t.src.Problem(path, Describe(v), "the name of a command, or a table with command and arguments")
	}
	return f
}
