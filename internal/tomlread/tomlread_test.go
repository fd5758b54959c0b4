package tomlread_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/internal/tomlread"
)

var words = tomlread.Words{
	String:  "a string",
	Value:   func(v any) string { return fmt.Sprintf("<%v>", v) },
	Unknown: func(key string) string { return "unknown key " + key },
	Foreign: map[string]string{"len": "size"},
}

func TestLinesAreFoundInEveryFormOfTOML(t *testing.T) {
	got := tomlread.Lines(`# comment with [brackets] and "quotes
a = 1
"b.c".d = '''
many
lines''' # x
[t]
e = [ 1,
  { f = "]", g = [
    2 ] },
]
[[u.v]]
h = """a "quoted" \""" text"""
[u.v.w]
i = true
[[u.v]]
h = 1979-05-27T07:32:00Z
`)
	for path, line := range map[string]int{
		"a": 2, "b.c": 3, "b.c.d": 3, "t": 6, "t.e": 7, "t.e[0]": 7, "t.e[1]": 8, "t.e[1].f": 8, "t.e[1].g": 8, "t.e[1].g[0]": 9,
		"u.v[0]": 11, "u.v[0].h": 12, "u.v[0].w": 13, "u.v[0].w.i": 14, "u.v[1]": 15, "u.v[1].h": 16,
	} {
		if got[path] != line {
			t.Errorf("%s is in line %d, want %d", path, got[path], line)
		}
	}
}

func TestProblemsHaveLineKeyAndSuggestion(t *testing.T) {
	s := tomlread.NewSource("x.toml", words)
	root := s.Parse([]byte(`text = 1
flag = "yes"
number = 11
word = "litle"
wait = 30
later = "5"
long = "2h"
table = 3
tables = [{ a = 1 }, 2]
texts = ["a", 2]
[[group]]
len = 1
`))
	root.Text("text")
	root.RequiredText("name")
	root.Integer("number", 0, 10, 5)
	root.Word("word", []string{"big", "little"}, "big")
	root.Duration("wait", time.Second, time.Hour, true, 0)
	root.Duration("later", time.Second, time.Hour, false, 0)
	root.Duration("long", time.Second, time.Hour, false, 0)
	root.Table("table")
	root.Tables("tables")
	root.Texts("texts")
	if flag := root.Flag("flag", true); !flag {
		t.Error("a wrong flag is not what is given for an absent one")
	}
	for _, group := range root.Tables("group") {
		group.Integer("size", 0, 9, 0)
		group.Finish()
	}
	root.Finish()
	want := `x.toml:1: text: found <1>, expected a string
x.toml: name: found nothing, expected a string that is not empty
x.toml:3: number: found <11>, expected a whole number from 0 to 10
x.toml:4: word: found "litle", expected one of big, little; did you mean "little"?
x.toml:5: wait: found <30> without a unit, expected a duration from 1s to 1h, or "off", with its unit, such as "30s" or "30m"
x.toml:6: later: found "5" without a unit, expected a duration from 1s to 1h, with its unit, such as "5s" or "5m"
x.toml:7: long: found "2h", expected a duration from 1s to 1h
x.toml:8: table: found <3>, expected a table
x.toml:9: tables[1]: found <2>, expected a table
x.toml:10: texts[1]: found <2>, expected a string
x.toml:2: flag: found <yes>, expected true or false
x.toml:12: group[0].len: found unknown key len, expected one of size; did you mean "size"?`
	if got := tomlread.Text(s.Problems); got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}

func TestWhatIsNoTOMLIsOneProblem(t *testing.T) {
	s := tomlread.NewSource("x.toml", words)
	if s.Parse([]byte("a = 1\nb = = 2\n")) != nil || len(s.Problems) != 1 || s.Problems[0].Line != 2 {
		t.Errorf("%v", s.Problems)
	}
}

func FuzzLines(f *testing.F) {
	for _, src := range []string{"a = 1", "[a.b]\n[[c]]\nd = [1, { e = 2 }]", `"x y".z = """a""" # c`, "a = [ # x\n 1 ]"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		most := strings.Count(src, "\n") + 1
		for path, line := range tomlread.Lines(src) {
			if line < 1 || line > most {
				t.Errorf("%q is in line %d of %d", path, line, most)
			}
		}
	})
}

// Slips of people are told in their words and with their line.
func TestTheSlipsOfTOMLAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"[log]\nlevel = info":                  `x.toml:2: found level = info, expected a text in quotes: level = "info"`,
		"a = 15s # how long":                   `x.toml:1: found a = 15s, expected a text in quotes: a = "15s"`,
		"a = 127.0.0.1:1":                      `x.toml:1: found a = 127.0.0.1:1, expected a text in quotes: a = "127.0.0.1:1"`,
		"[listener]\na = 1\n[listener]\na = 2": `x.toml:3: found [listener] a second time, expected it once, or [[listener]] in double brackets for each of several`,
		"[listener]\n[[listener]] # two":       `x.toml:2: found [[listener]] behind [listener], expected double brackets each time`,
		"a = 1\na = 2":                         `x.toml:2: found a a second time, expected it once`,
		"a = \"info\nb = 1":                    `x.toml:1: found "info without its closing quote, expected the whole text in one line between quotes`,
		"[[listener]\na = 1":                   `x.toml:1: found [[listener], expected as many closing brackets as opening ones`,
		"[log\na = 1":                          `x.toml:1: found [log, expected as many closing brackets as opening ones`,
		"level":                                `x.toml:1: found level, expected KEY = VALUE`,
		"level: 1":                             `x.toml:1: found level: 1, expected KEY = VALUE`,
		"level = ":                             `x.toml:1: found nothing behind level =, expected a value`,
		"a = True":                             `x.toml:1: found True, expected true`,
		"a = [1, 2":                            `x.toml:1: found a list that is not well formed, expected commas between its elements, and ] at its end`,
		"a = \"C:\\dir\"":                      "x.toml:1: found a \\ in a text, expected \\\\, or a text in single quotes",
		"a = " + strings.Repeat("x", 200):      `x.toml:1: expected value but found`,
	} {
		s := tomlread.NewSource("x.toml", tomlread.Words{})
		if s.Parse([]byte(text)) != nil || len(s.Problems) != 1 {
			t.Errorf("%q: %v", text, s.Problems)
			continue
		}
		if got := s.Problems[0].String(); !strings.HasPrefix(got, want) || strings.Contains(got, "TOML") {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
