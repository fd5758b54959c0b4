package codec_test

import (
	"testing"

	"trama/codec"
)

// Numbers in characters play the roles of numbers.
func TestDecimalsNumberFramesAndChooseMessages(t *testing.T) {
	p := profileFrom(t, "decimal-roles.good.toml")
	if got := p.TransactionLimit(); got != 100 {
		t.Errorf("transaction limit %d, want 100", got)
	}
	var f, answer codec.Frame
	decode := func(f *codec.Frame, text string) {
		t.Helper()
		if err := p.Decode(codec.Uplink, []byte(text), f); err != nil {
			t.Fatal(err)
		}
	}
	decode(&f, "*12,007,42,1.25,3;#")
	if seq, ok := f.Transaction(); !ok || seq != 42 {
		t.Errorf("transaction %d %v", seq, ok)
	}
	if alarm, ok := f.Alarm(); !ok || alarm != 3 || f.Command() != "7" {
		t.Errorf("alarm %d %v of %q", alarm, ok, f.Command())
	}
	var s codec.Session
	for _, want := range []string{"*12,007,42,0043#", "*12,007,42,0143#"} {
		if reply, due, err := p.Reply(nil, &f, codec.Env{Session: &s}); err != nil || !due || string(reply) != want {
			t.Errorf("reply %s %v %v, want %s", reply, due, err, want)
		}
	}
	decode(&f, "*12,007,99,1,0;#")
	if reply, _, err := p.Reply(nil, &f, codec.Env{Session: &s}); err != nil || string(reply) != "*12,007,99,0200#" {
		t.Errorf("reply %s %v", reply, err)
	}
	if err := p.Build(&f, "order", map[string]any{"unit": "12", "seq": uint64(9), "wanted": 5}); err != nil {
		t.Fatal(err)
	}
	if raw, _ := p.Append(nil, &f); string(raw) != "*12,011,9,5;#" {
		t.Errorf("built %s", raw)
	}
	if err := p.Build(&f, "11", map[string]any{"unit": "12", "seq": 9, "wanted": 5}); err != nil || f.Message().Name != "order" {
		t.Errorf("by its number: %v", err)
	}
	decode(&answer, "*12,011,09,2;#")
	if result, ok := answer.Result(); !ok || result != 2 || !p.Answers(&f, &answer) {
		t.Errorf("result %d %v", result, ok)
	}
	it, _ := answer.Item("result")
	if it.Uint() != 2 {
		t.Errorf("result %d", it.Uint())
	}
	decode(&answer, "*12,011,9,;#")
	if result, ok := answer.Result(); ok || !p.Answers(&f, &answer) {
		t.Errorf("a result that is missing is %d", result)
	}
	for _, wrong := range []string{"*12,007,4.5,1,0;#", "*12,7.0,4,1,0;#", "*12,008,4,1,0;#", "*12,007,4,1,0.5;#"} {
		if err := p.Decode(codec.Uplink, []byte(wrong), &f); err == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
}
