package codec_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/check"
)

// mutant is a profile in which one thing was broken.
type mutant struct {
	what, text string
	part       string // the included part that was broken instead; text is that
}

// found is what check says of a mutant: the problems of its definition, or what is proven of it beyond notes.
func (m *mutant) found(name string) (out []string) {
	src, _ := codec.ShippedSource(name)
	open := func(string) ([]byte, error) { return nil, os.ErrNotExist }
	if m.part == "" {
		src = []byte(m.text)
	} else {
		open = func(part string) ([]byte, error) {
			if part == m.part {
				return []byte(m.text), nil
			}
			return nil, os.ErrNotExist
		}
	}
	p, err := codec.CompileWith(name+".toml", src, open)
	if err != nil {
		return strings.Split(err.Error(), "\n")
	}
	report := check.Profile(p)
	for i := range report.Findings {
		if f := &report.Findings[i]; f.Severity > codec.SeverityNote {
			out = append(out, f.String())
		}
	}
	return out
}

// Every message twice, every case twice, every condition on a value that nothing can have: nothing of it passes.
func TestWhatIsBrokenInAShippedProfileIsNoticed(t *testing.T) {
	total := 0
	for _, name := range codec.ShippedNames() {
		src, _ := codec.ShippedSource(name)
		all := mutantsOf("", string(src))
		for _, part := range regexp.MustCompile(`(?m)^include = \["(.*)"\]`).FindAllStringSubmatch(string(src), -1) {
			text, err := os.ReadFile("profiles/part/" + part[1] + ".toml")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, mutantsOf(part[1], string(text))...)
		}
		for _, m := range all {
			if len(m.found(name)) == 0 {
				t.Errorf("%s: %s passes", name, m.what)
			}
		}
		total += len(all)
	}
	if total < 200 {
		t.Errorf("only %d mutants", total)
	}
	t.Logf("%d mutants", total)
}

var (
	messageName   = regexp.MustCompile(`(?m)^name( *)= "([a-z0-9-]+)"`)
	caseLine      = regexp.MustCompile(`(?m)^ *\{ is = .*\},$`)
	conditionText = regexp.MustCompile(`when( *)= "(\w+) = \w+"`)
)

func mutantsOf(part, text string) (out []mutant) {
	add := func(what, broken string) { out = append(out, mutant{what: what, text: broken, part: part}) }
	blocks := strings.SplitAfter(text, "\n\n")
	for i, block := range blocks {
		at := strings.Index(block, "[[message]]\n")
		m := messageName.FindStringSubmatch(block)
		if at < 0 || m == nil {
			continue
		}
		again := strings.Replace(block[at:], m[0], fmt.Sprintf("name%s= %q", m[1], m[2]+"-again"), 1)
		add("message "+m[2]+" twice", strings.Join(blocks[:i+1], "")+again+strings.Join(blocks[i+1:], ""))
	}
	for _, at := range caseLine.FindAllStringIndex(text, -1) {
		line := text[at[0]:at[1]]
		add("case "+strings.TrimSpace(line)+" twice", text[:at[1]]+"\n"+line+text[at[1]:])
	}
	for _, at := range conditionText.FindAllStringSubmatchIndex(text, -1) {
		add("condition "+text[at[0]:at[1]]+" on what cannot be", text[:at[0]]+`when = "`+text[at[4]:at[5]]+` = 0x123456789"`+text[at[1]:])
	}
	return out
}

// One thing broken by hand, and what must be said of it.
func TestMutationsOfShippedProfilesAreNamed(t *testing.T) {
	for _, m := range []struct{ name, from, to, want string }{
		{"jt808", `{ key = "body_len",     at = "9-0" }`, `{ key = "body_len",     at = "1-0" }`, "message[1]: found message terminal-reply, for which the length says 5 or more, expected at most 3"},
		{"jt808", `      { is = 0x01, when = "len = 4", fields`, `      { fields = [{ key = "value", type = "hex", size = "rest" }] },
      { is = 0x01, when = "len = 4", fields`, "a case after number 1, which takes everything that is left"},
		{"jt808", `6 + 4 * version_flag`, `4 * version_flag - 5`, "a size that is always negative"},
		{"jt808", `encrypt = 0 }

[[reply]]`, `encrypt = 8 }

[[reply]]`, "encrypt: out of range: 8"},
		{"gt06", `over = "from length to serial"`, `over = "from serial to length"`, "nothing: crc over no field"},
		{"gt06", `{ key = "length",   type = "byte" }`, `{ key = "length",   type = "byte", max = 20 }`, "message position, for which the length says"},
		{"gt06", `on = "info_type"`, `on = "info_type & 7"`, "values that it cannot have: 0xa"},
		{"teltonika", `type = "uint32", min = 1, max = 255`, `type = "uint32", max = 255`, "whose frames are not found in a stream"},
		{"teltonika", `key = "accepted", type = "byte", const = 1`, `key = "accepted", type = "byte", const = 0`, "are cut from a stream"},
		{"mbus", `algorithm = "sum8", over = "from control" },
  { key = "stop",     type`, `algorithm = "sum8", over = "from control to address" },
  { key = "stop",     type`, "a checksum that does not cover the body"},
		{"mbus", `    { is = 2, when = "code = 0x6c", fields = [{ key = "value", type = "time", as = "cp16", role = "value" }] },
    { is = 2, fields = [{ key = "value", type = "int16", exponent = "ten", role = "value" }] },`, `    { is = 2, fields = [{ key = "value", type = "int16", exponent = "ten", role = "value" }] },
    { is = 2, when = "code = 0x6c", fields = [{ key = "value", type = "time", as = "cp16", role = "value" }] },`, "values that cases before it take: 2"},
		{"mbus", `{ is = "0x18-0x1f", value = "(what & 7) - 3" }`, `{ is = "0x10-0x12", value = "(what & 7) - 3" }`, "values that cases before it take: 0x10-0x12"},
		{"mbus", `value = "length" }`, `value = "length + 256" }`, "a value of 256 to 511, where the field can hold 0 to 255"},
		{"dnp3-link", `type = "byte", min = 5, default = 5 }`, `type = "byte", min = 5, max = 5, default = 5 }`, "a condition that is never true"},
		{"dnp3-link", `when    = "dir = 0 and prm = 1"
`, `when    = "dir = 0 or prm < 2"
`, "message answer, whose frames message data takes"},
		{"dlt645", `over = "from start"`, `over = "all to end"`, "checksum over itself"},
		{"teltonika", `over = "from codec to count2"`, `over = "after count2"`, "nothing: crc over no field"},
		{"teltonika", `{ key = "count",    type = "byte", default = 1, min = 1 }`, `{ key = "count",    type = "byte", default = 1 }`, "to which the reply cannot be made"},
		{"teltonika", `count = "n2"`, `count = "n2 - 256"`, "a count that is always negative"},
		{"szy206", `role = "identity"`, `title = "address"`, "no field of role identity"},
		{"sl651", `{ key = "dir_bits", at = "15-12", const = 8 },
    { key = "length",   at = "11-0" }`, `{ key = "dir_bits", at = "15-12", const = 8 },
    { key = "length",   at = "2-0" }`, "for which the length says 8 or more, expected at most 7"},
		{"hj212", `type = "decimal", size = 4`, `type = "decimal", size = 1`, "for which the length says"},
		{"iec104", `when    = "next & 3 = 1"`, `when    = "next & 3 = 4"`, "a condition that is never true"},
		{"iec104", `when    = "next & 3 = 1"`, `when    = "next & 1 = 1 and next & 3 = 2"`, "not tried: message received"},
	} {
		src, _ := codec.ShippedSource(m.name)
		text := strings.Replace(string(src), m.from, m.to, 1)
		if text == string(src) {
			t.Errorf("%s: there is no %s", m.name, m.from)
			continue
		}
		mutated := mutant{text: text}
		found := mutated.found(m.name)
		if !strings.Contains(strings.Join(found, "\n"), m.want) {
			t.Errorf("%s: %s\nfound %s\nwant %s", m.name, m.to, strings.Join(found, "\n      "), m.want)
		}
	}
}
