package codec_test

import (
	"reflect"
	"strings"
	"testing"

	"trama/codec"
)

const adopted = `
name = "adopted"
[[frame]]
name   = "data"
length = { field = "len", counts = "all" }
header = [
  { key = "len",  type = "byte" },
  { key = "kind", type = "byte", role = "command" },
]
[[message]]
command = 1
from    = "master"
name    = "login"
fields  = [
  { key = "who",   type = "bcd", size = 2, as = "digits", role = "identity" },
  { key = "zone",  type = "byte", remember = true },
  { key = "class", type = "byte", remember = true },
]
[[message]]
command = 2
from    = "master"
name    = "report"
[[message]]
command = 3
from    = "server"
name    = "receipt"
fields  = [{ key = "number", type = "byte", counter = true }]
[[message]]
command = 4
from    = "server"
name    = "ask"
fields  = [
  { key = "zone",  type = "byte", remember = true },
  { key = "class", type = "byte", remember = true },
]
[[reply]]
messages = ["login", "report"]
send     = "receipt"
`

func TestASessionGoesOnUnderAnotherEdition(t *testing.T) {
	old := mustCompile(t, adopted)
	var f codec.Frame
	var s codec.Session
	if err := old.Decode(codec.Uplink, unhex(t, "060112340705"), &f); err != nil {
		t.Fatal(err)
	}
	old.Remember(&s, &f)
	for want := range byte(2) {
		if reply, _, err := old.Reply(nil, &f, codec.Env{Session: &s}); err != nil || reply[2] != want {
			t.Fatalf("receipt %x, %v", reply, err)
		}
	}

	// The counter has moved, zone is another kind of number, class keeps its place.
	edited := strings.Replace(adopted, `{ key = "zone",  type = "byte", remember = true },`, `{ key = "zone",  type = "uint16", remember = true },`, -1)
	edited = strings.Replace(edited, `{ key = "who",`, `{ key = "more", type = "byte", remember = true }, { key = "who",`, 1)
	p := mustCompile(t, edited)
	p.Adopt(&s)
	if string(s.Identity()) != "1234" {
		t.Errorf("identity %q", s.Identity())
	}
	if err := p.Decode(codec.Uplink, unhex(t, "0202"), &f); err != nil {
		t.Fatal(err)
	}
	if reply, _, err := p.Reply(nil, &f, codec.Env{Session: &s}); err != nil || reply[2] != 2 {
		t.Errorf("the counter began again: %x, %v", reply, err)
	}
	if err := p.BuildIn(codec.Env{Session: &s}, &f, "ask", nil); err == nil || !strings.Contains(err.Error(), "zone") {
		t.Errorf("a value of another kind was taken over: %v", err)
	}
	if err := p.BuildIn(codec.Env{Session: &s}, &f, "ask", map[string]any{"zone": 1}); err != nil {
		t.Fatal(err)
	}
	if b, err := p.Append(nil, &f); err != nil || b[len(b)-1] != 5 {
		t.Errorf("class is not remembered: %x, %v", b, err)
	}

	var fresh codec.Session
	p.Adopt(&fresh) // nothing to take over
	if !reflect.DeepEqual(fresh, codec.Session{}) {
		t.Error("an empty session was bound")
	}
}

func mustCompile(t *testing.T, src string) *codec.Profile {
	t.Helper()
	p, err := codec.Compile("adopted.toml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
