package codec_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/describe"
)

// sizesOf notes the sizes of fields by key; 0 where a key has several.
func sizesOf(keys map[string]int, nodes []*describe.Node) {
	note := func(f *describe.FieldDescription) {
		if known, twice := keys[f.Key]; twice && known != f.Bytes {
			keys[f.Key] = 0
		} else if f.Key != "" {
			keys[f.Key] = f.Bytes
		}
	}
	for _, n := range nodes {
		note(&n.FieldDescription)
		for _, bit := range n.Bits {
			note(bit)
		}
		sizesOf(keys, n.Fields)
		for _, c := range n.Cases {
			sizesOf(keys, c.Fields)
		}
	}
}

func TestADescriptionHasEveryMessageAndEveryField(t *testing.T) {
	for _, d := range append(definitions(t, "profiles/*.toml"), definitions(t, "testdata/*.good.toml")...) {
		p := d.p
		got := describe.Profile(p)
		if got.Name != p.Name() || got.Title != p.Title() || len(got.Frames) == 0 {
			t.Errorf("%s: %+v", p.Name(), got)
		}
		if len(got.Messages) != len(p.Messages()) || len(got.Commands) != len(p.DeclaredCommands()) {
			t.Fatalf("%s: %d messages and %d commands", p.Name(), len(got.Messages), len(got.Commands))
		}
		for i, m := range p.Messages() {
			of := &got.Messages[i]
			if of.Name != m.Name || of.Title != m.Title || of.From != m.From.String() || of.Purpose != m.Purpose.String() {
				t.Fatalf("%s: message %d is %s, want %s", p.Name(), i, of.Name, m.Name)
			}
			at := slices.IndexFunc(got.Frames, func(f describe.FrameKind) bool { return f.Name == of.Frame })
			keys := map[string]int{}
			sizesOf(keys, got.Frames[at].Header)
			sizesOf(keys, of.Fields)
			sizesOf(keys, got.Frames[at].Trailer)
			for _, f := range m.Fields {
				size, ok := keys[f.Key]
				if !ok && f.Key != "" {
					t.Errorf("%s %s: field %s is missing", p.Name(), m.Name, f.Key)
				}
				if size != 0 && f.Size != size {
					t.Errorf("%s %s: field %s has %d bytes, described %d", p.Name(), m.Name, f.Key, f.Size, size)
				}
			}
		}
	}
}

// The form of a command asks for what Build asks for.
func TestTheFormOfACommandAsksForWhatIsRequired(t *testing.T) {
	for _, d := range definitions(t, "profiles/*.toml") {
		forms := describe.Profile(d.p).Commands
		for i, c := range d.p.DeclaredCommands() {
			if found, ok := d.p.Command(c.Name); !ok || found != c {
				t.Errorf("%s: %s is another command", d.p.Name(), c.Name)
			}
			if forms[i].Name != c.Name || forms[i].Message != c.Message.Name || forms[i].Repeat != c.Class {
				t.Fatalf("%s: form %d is %+v, want %s", d.p.Name(), i, forms[i], c.Name)
			}
			for _, f := range c.Message.Required {
				has := slices.ContainsFunc(forms[i].Arguments, func(n *describe.Node) bool {
					return (n.Field == f.Key || n.Field == "" && n.Key == f.Key) && n.Given == "required"
				})
				fills := f.Role == codec.RoleIdentity || f.Role == codec.RoleTransaction || f.Role == codec.RoleCommand
				if !has && !fills && c.Set[f.Key] == nil {
					t.Errorf("%s %s does not ask for %s", d.p.Name(), c.Name, f.Key)
				}
			}
		}
	}
}

func TestTheFormOfACommandHasItsOwnNamesAndRanges(t *testing.T) {
	text, err := json.Marshal(describe.Profile(shipped(t, "extended")).Commands)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"operate-relay","message":"operate-relay","title":"operates a relay","repeat":"verify","expires":"1m0s","arguments":[` +
		`{"node":"field","key":"relay","title":"relay","type":"bcd","kind":"uint","bytes":1,"min":1,"max":99,"field":"RN","given":"required"},` +
		`{"node":"field","key":"operation","title":"operation","type":"bcd","kind":"uint","bytes":1,"min":0,"max":99,` +
		`"enum":[{"value":"0","label":"off"},{"value":"1","label":"on"}],"field":"OP","given":"required"}],"verify":"ask-relays","then":["ask-relays"]}`
	if !strings.Contains(string(text), want) {
		t.Errorf("no %s in\n%s", want, text)
	}
}

func TestADescriptionIsJSONWithoutWhatOnlyAWalkNeeds(t *testing.T) {
	p, err := codec.Shipped("jt808")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(describe.Profile(p))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"start":"7e","ends":["7e"],"escapes":[{"plain":"7d","coded":"7d01"},{"plain":"7e","coded":"7d02"}]`,
		`"length":{"field":"body_len","counts":"body"}`,
		`"when":"version_flag = 1"`, `"size":"6 + 4 * version_flag"`, `"layout":"location"`, `"commands":["0x200"]`,
		`{"node":"field","key":"text_flag","type":"byte","kind":"uint","bytes":1,"min":0,"max":255,"given":"required"}`,
		`{"is":["1"],"when":"len = 4"`, `"check":{"algorithm":"xor8"}`,
		`{"from":"anyone","to":["register-2011","register-2013","register-2019"],"send":"registered","set":[{"key":"ack_serial","text":"$msg_serial"}`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "Register") {
		t.Error("registers are shown")
	}
}
