package tomlread_test

import (
	"strings"
	"testing"
	"time"

	"trama/internal/tomlread"
)

func TestATextThatWouldCostTooMuchIsRefusedBeforeItIsRead(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a table with a long name", "\n[" + strings.Repeat("a.", 50_000) + "a]\n", "x.toml:2: found a key of 65 parts or more, expected at most 64"},
		{"a long key", "b = 1\n" + strings.Repeat("a.", 50_000) + "a = 1\n", "x.toml:2: found a key of 65 parts or more, expected at most 64"},
		{"tables in tables", strings.Repeat("a={", 20_000), "x.toml:1: found 65 arrays and tables inside each other, expected at most 64"},
		{"arrays in arrays", "a = " + strings.Repeat("[", 100_000), "x.toml:1: found 65 arrays and tables inside each other, expected at most 64"},
		{"key parts of many bytes", strings.Repeat("a", 100_000) + ".b = 1", "x.toml:1: found a key of 100000 bytes or more, expected at most 1024"},
		{"a large text", "a = '" + strings.Repeat("x", 1<<20) + "'", "x.toml:1: found a text of 1048582 bytes, expected at most 1048576"},
	} {
		begin := time.Now()
		s := tomlread.NewSource("x.toml", tomlread.Words{Top: 1})
		if s.Parse([]byte(test.text)) != nil || len(s.Problems) != 1 {
			t.Errorf("%s: problems %v", test.name, s.Problems)
			continue
		}
		if got := s.Problems[0].String(); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if d := time.Since(begin); d > 5*time.Second {
			t.Errorf("%s: %s", test.name, d)
		}
	}
}

func TestBracketsAndDotsInTextsAndCommentsAreNoNesting(t *testing.T) {
	brackets, dots := strings.Repeat("[{", 100), strings.Repeat(".", 100)
	text := "# " + brackets + dots + "\n" +
		`a = "` + brackets + dots + `\" # "` + "\n" +
		`b = '` + brackets + dots + `\'` + "\n" +
		"c = \"\"\"\n" + brackets + dots + "\"\\\"\"\n\"\"\"\n" +
		"d = '''\n" + brackets + "\n'''\n" +
		"e = [" + strings.Repeat("1.5, ", 1000) + "]\n"
	s := tomlread.NewSource("x.toml", tomlread.Words{Top: 1})
	if s.Parse([]byte(text)) == nil {
		t.Fatal(s.Problems)
	}
}
