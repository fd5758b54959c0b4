package codec_test

import (
	"bytes"
	"errors"
	"testing"

	"trama/codec"
)

// What a message says of the header is filled in, cannot be something else, and need not be given.
func TestAMessageFillsInWhatItSaysOfTheHeader(t *testing.T) {
	p := profileFrom(t, "message-set.good.toml")
	var f codec.Frame
	if err := p.Build(&f, "two", map[string]any{"id": 7, "fl": 5, "y": 1}); err != nil {
		t.Fatal(err)
	}
	if raw, _ := p.Append(nil, &f); string(raw[:8]) != "\x07\x01\x02\x05OK;\x01" {
		t.Errorf("%x", raw)
	}
	for _, field := range p.Messages()[1].Required {
		if field.Key == "mode" || field.Key == "word" {
			t.Errorf("%s is required", field.Key)
		}
	}
	err := p.Build(&f, "two", map[string]any{"id": 7, "fl": 5, "y": 1, "mode": 1})
	var bad *codec.FieldError
	if !errors.As(err, &bad) || bad.Field != "mode" {
		t.Errorf("%v", err)
	}
	for number := range byte(12) { // the reply is learned
		raw := append([]byte{7, 1, 1, number / 2, 'A', ';'}, 0)
		raw[6] = xorOf(raw[:6])
		want := append([]byte{7, 1, 2, number/2 | 0x80, 'A', ';'}, 0)
		want[6] = xorOf(want[:6])
		if err := p.Decode(codec.Uplink, raw, &f); err != nil {
			t.Fatal(err)
		}
		if reply, due, err := p.Reply(nil, &f, codec.Env{}); err != nil || !due || !bytes.Equal(reply, want) {
			t.Errorf("reply %x %v %v, want %x", reply, due, err, want)
		}
	}
	if err := p.Decode(codec.Uplink, unhex(t, "070102034f4b3b0931"), &f); err == nil {
		t.Errorf("a frame of message %s", f.Message().Name)
	}
}
