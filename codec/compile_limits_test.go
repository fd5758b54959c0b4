package codec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/codec"
)

// A definition that would make a program larger than any protocol is refused in time and with the limit.
func TestADefinitionIsNoBomb(t *testing.T) {
	const header = "name = \"x\"\n[frame]\nheader = [{ key = \"unit\", type = \"byte\", role = \"identity\" }]\n"
	message := func(fields string) string { return header + "[[message]]\nname = \"m\"\nfields = [" + fields + "]\n" }
	ordering := header + "[[message]]\nfrom = \"server\"\nname = \"go\"\nfields = [{ key = \"a\", type = \"byte\" }]\n[[command]]\nname = \"go\"\n"
	var messages, layouts strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&messages, "[[message]]\nname = \"m%d\"\ncommand = %d\nfields = [{ key = \"a\", type = \"byte\" }]\n", i, i)
	}
	for i := range 40 {
		fmt.Fprintf(&layouts, "[layout.l%d]\nfields = [{ use = \"l%d\" }, { use = \"l%d\" }]\n", i, i+1, i+1)
	}
	layouts.WriteString("[layout.l40]\nfields = [{ key = \"a\", type = \"byte\" }]\n")
	for _, test := range []struct{ name, text, want string }{
		{"3,000 messages", header + messages.String(), "message: found 3000 messages, expected at most 256"},
		{"3,000 groups inside each other", message(strings.Repeat("{ type = \"group\", fields = [", 3000) + strings.Repeat("] }", 3000)), "x.toml:6: found 65 arrays and tables inside each other, expected at most 64"},
		{"17 groups inside each other", message(strings.Repeat("{ type = \"group\", fields = [", 17) + `{ key = "a", type = "byte" }` + strings.Repeat("] }", 17)), "found a field inside 17 parts, expected at most 16"},
		{"10,000 fields", message(strings.Repeat("{ key = \"a\", type = \"byte\", when = \"unit = 1\" },", 10_000)), "found field 8193 of all messages, expected at most 8192"},
		{"layouts that double 40 times", message(`{ use = "l0" }`) + layouts.String(), "found a field inside 17 parts, expected at most 16"},
		{"layouts that double 12 times", message(strings.Repeat(`{ use = "l28" },`, 4)) + layouts.String(), "found field 8193 of all messages, expected at most 8192"},
		{"a key of 100,000 parts", "[" + strings.Repeat("a.", 99_999) + "a]\n", "found a key of 65 parts or more, expected at most 64"},
		{"tables of 20,000 levels", strings.Repeat("a={", 20_000), "found 65 arrays and tables inside each other, expected at most 64"},
		{"an expression of 100,000 brackets", message(`{ key = "a", type = "byte", when = "` + strings.Repeat("(", 100_000) + `" }`), "found 100000 characters, expected at most 1024"},
		{"20,000 values", message(`{ key = "a", type = "uint16", in = [` + strings.Repeat("1,", 20_000) + `] }`), "found 20000 values in lists of all fields, expected at most 16384"},
		{"20,000 commands", strings.Replace(message(""), "name = \"m\"", "name = \"m\"\ncommand = ["+strings.Repeat("1,", 20_000)+"]", 1), "expected"},
		{"20,000 wrong fields", message(strings.Repeat("{ key = \"a\", type = \"what\" },", 20_000)), "expected"},
		{"10,000 replies", message("") + strings.Repeat("[[reply]]\nto = 1\n", 10_000), "reply: found 10000 replies, expected at most 128"},
		{"150,000 fields that are none", message(strings.Repeat("{a=1},", 150_000)), "message[0].fields: found 150002 tables of fields, cases, messages and others, expected at most 20000"},
		{"3,000 [[command]]", message("") + strings.Repeat("[[command]]\nname = \"x\"\n", 3000), "command: found 3000 commands, expected at most 256"},
		{"a command with 100,000 behind it", ordering + "then = [" + strings.Repeat("\"go\",", 100_000) + "]\n", "command[0].then: found 100000 commands, expected at most 16"},
		{"a command with 19,000 wrong arguments", ordering + "arguments = [" + strings.Repeat("{ key = \"b\" },", 19_000) + "]\n", "command[0].arguments[0].key: found \"b\", expected a field that go is given"},
		{"a command that 100,000 messages answer", ordering + "answer.message = [" + strings.Repeat("\"a\",", 100_000) + "]\n", "command[0].answer.message: found 100000 messages, expected at most 256"},
		{"200,000 answers", message("") + "[answer]\nby = [" + strings.Repeat("\"a\",", 200_000) + "]\n", "answer.by: found 200000 fields, expected at most 64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			begin := time.Now()
			_, err := codec.Compile("x.toml", []byte(test.text))
			if d := time.Since(begin); d > 10*time.Second {
				t.Errorf("%s", d)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				text := fmt.Sprint(err)
				t.Errorf("%s\nwant %s", text[:min(len(text), 600)], test.want)
			}
		})
	}
}
