package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"trama/cmd/trama/internal/admin"
	"trama/codec/protect"
)

// answerTo makes the answer of a device to a command: its header with a result, and the reference.
func (d *device) answerTo(command *protect.Opened, result byte) []byte {
	header := 27
	if d.listens == "compact" {
		header = 15
	}
	plain := bytes.Clone(command.Plain[:header])
	plain[1] = byte((header-7)/10<<4 | (header-7)%10)
	at := 15 // RC
	if d.listens == "compact" {
		at = 14
	}
	plain[at] = result
	return d.protected(plain, command.ReferenceTo())
}

// A frame under the next key ends the rotation; until then both keys count, and afterwards the old one does not.
func TestAFrameUnderTheNextKeyEndsTheRotation(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	newDevice(t, dir, "field", "00000001", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	link := p.dial("field")
	d.exchange(link, d.frame(1))
	p.keys("", "rotate", "--all").want(t, 0, "next key made: 2 masters", "the daemon has taken it over")
	if m := p.metrics(); m["trama_masters_with_key"] != 2 || m["trama_keys_rotating"] != 2 {
		t.Errorf("%v masters have a key, of %v it rotates", m["trama_masters_with_key"], m["trama_keys_rotating"])
	}
	d.exchange(link, d.frame(2))
	p.keys("", "list").want(t, 0, "0 of 2 on the new key")

	e, _ := p.stored("12345678")
	old := *d
	d.key, d.epoch, d.counter = e.Next, 0, 0
	d.exchange(link, d.frame(3))
	await(t, "the end of the rotation", func() bool { e, _ := p.stored("12345678"); return !e.Rotating })
	if now, _ := p.stored("12345678"); now.Key != e.Next || now.Created() != e.NextCreated() {
		t.Errorf("%+v", now)
	}
	p.keys("", "list").want(t, 0, "1 of 2 on the new key")
	d.exchange(link, d.frame(4))
	other := p.dial("field")
	other.send(old.frame(5))
	other.ends()
	p.refused("wrong tag", 1)

	var rows []admin.KeyInfo
	if err := json.Unmarshal([]byte(p.keys("", "list", "--json").stdout), &rows); err != nil {
		t.Fatal(err)
	}
	if f := rows[1].Frames; f == nil || f.Suite != protect.CCM8 || f.Counter != 1 || f.WrongTags != 1 || rows[0].Frames != nil {
		t.Errorf("%+v, %+v", rows[0], f)
	}
	p.end()
	p = serveIn(t, dir, keyed("security = \"required\"\n"))
	d.exchange(p.dial("field"), d.frame(6))
}

// A call again goes on with a rotation: masters that are done keep their new key, however often it comes.
func TestARotationThatIsCalledAgainMakesNoKeyForThoseThatAreDone(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	away := newDevice(t, dir, "field", "00000001", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	link := p.dial("field")
	d.exchange(link, d.frame(1))
	done := make(chan result)
	go func() { done <- p.keys("", "rotate", "--all", "--send") }()
	link.send(d.answerTo(d.opened(link.frame()), 0))
	(<-done).want(t, 1, "next key made: 2 masters", "00000001: not sent", "1 of 2 have not taken their next key; call trama keys rotate --pending --send")
	e, _ := p.stored("12345678")
	d.key, d.epoch, d.counter = e.Next, 0, 0
	d.exchange(link, d.frame(2))
	await(t, "the proof", func() bool { e, _ := p.stored("12345678"); return !e.Rotating })
	missing, _ := p.stored("00000001")
	for _, flag := range []string{"--all", "--pending"} {
		p.keys("", "rotate", flag, "--send").want(t, 1, "a rotation goes on: 1 master has not proven its next key", "no new key is made", "1 of 1 have not taken")
	}
	p.keys("", "rotate", "--all").want(t, 1, "a rotation goes on, and no key is made: 1 master has not proven its next key")
	if now, _ := p.stored("12345678"); now.Key != e.Next || now.Rotating {
		t.Errorf("it has another key: %+v", now)
	}
	if now, _ := p.stored("00000001"); *now != *missing {
		t.Errorf("%+v, not %+v", now, missing)
	}
	p.keys("", "list").want(t, 0, "1 of 2 on the new key\n")

	away.key = missing.Next
	away.exchange(p.dial("field"), away.frame(1))
	await(t, "the end of the rotation", func() bool {
		return strings.Contains(p.cli("events", "--kind", "new epoch").stdout, "the rotation is over: every master has proven its next key")
	})
	p.keys("", "list").want(t, 0, "2 of 2 on the new key: it is over")
	p.keys("", "rotate", "--pending", "--send").want(t, 0, "no rotation goes on")
	before, _ := p.stored("12345678")
	for _, which := range []string{"12345678", "--all"} {
		p.keys("", "rotate", which, "--send").want(t, 0, "12345678: the rotation of ", " is done, and no key is made; --again makes one")
	}
	if now, _ := p.stored("12345678"); *now != *before {
		t.Errorf("another key was made: %+v, not %+v", now, before)
	}
	_ = link.Close()
	await(t, "the end of the link", func() bool { return !strings.Contains(p.cli("masters", "12345678").stdout, "online") })
	p.keys("", "rotate", "12345678", "--send", "--again").want(t, 1, "next key made: 1 master", "12345678: not sent")
}

// The daemon hands the next key over in a command that only the device can read, and the device proves it.
func TestTheNextKeyIsSentToItsDevice(t *testing.T) {
	for _, listener := range []string{"field", "compact"} {
		t.Run(listener, func(t *testing.T) {
			dir := t.TempDir()
			d := newDevice(t, dir, listener, "12345678", protect.CCM8)
			p := serveIn(t, dir, keyed("security = \"required\"\n"))
			link := p.dial(listener)
			d.exchange(link, d.frame(1))
			done := make(chan result)
			go func() { done <- p.keys("", "rotate", "12345678", "--send") }()
			frame := link.frame()
			command := d.opened(frame)
			wrapped := command.Plain[len(command.Plain)-24:]
			by := protect.WrappingKey(&d.key, [4]byte{0x12, 0x34, 0x56, 0x78})
			next, err := protect.UnwrapKey(&by, wrapped)
			if err != nil {
				t.Fatalf("%x: %v", command.Plain, err)
			}
			if bytes.Contains(command.Plain, next.Bytes()) || bytes.Contains(frame, wrapped) {
				t.Error("it can be read on the way")
			}
			link.send(d.answerTo(command, 0))
			(<-done).want(t, 0, "next key made: 1 master", "done: 12345678 answered K")
			if e, _ := p.stored("12345678"); e.Next != next || !e.Rotating {
				t.Errorf("%+v", e)
			}
			d.key, d.epoch, d.counter = next, 0, 0
			d.exchange(link, d.frame(2))
			await(t, "the end of the rotation", func() bool { e, _ := p.stored("12345678"); return !e.Rotating && e.Key == next })
		})
	}
}

// The role operate hands no key over, and challenges nobody.
func TestMessagesOfTheGatewayItselfAreNoCommands(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	link := p.dial("field")
	d.exchange(link, d.frame(1))
	for _, args := range [][]string{{"K", "WK=" + strings.Repeat("00", 24)}, {"set-key", "WK=" + strings.Repeat("00", 24)}, {"challenge", "RS=0000000000000000"}} {
		(<-p.sends(append([]string{"12345678"}, args...)...)).want(t, 2, "the gateway alone sends set-key and challenge; trama keys rotate --send")
	}
	d.exchange(link, d.frame(2)) // nothing came before
}

func TestTheNextKeyGoesToNobodyWhoSpeaksUnprotected(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.Auth24)
	newDevice(t, dir, "field", "00000001", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"open\"\nsuites = [\"10\", \"20\"]\n"))
	link := p.dial("field")
	link.send(d.plain(1))
	link.frame()
	p.keys("", "rotate", "--all", "--send").want(t, 1, "12345678: not sent: commands to this master must be protected: 12345678 has sent no frame under suite 20 or 21",
		"00000001: not sent: unknown master", "2 of 2 have not taken their next key")
	d.exchange(link, d.frame(2))
	again := p.keys("", "rotate", "12345678", "--send")
	again.want(t, 1, "no new key is made", "must be protected", "1 of 1 have not taken")
	d.suite = protect.CCM8
	d.exchange(link, d.frame(3))
	done := make(chan result)
	go func() { done <- p.keys("", "rotate", "12345678", "--send") }()
	link.send(d.answerTo(d.opened(link.frame()), 7))
	(<-done).want(t, 1, "refused: 12345678 answered K with response code 7", "1 of 1 have not taken")
	p.keys("", "rotate", "12345678", "--abandon", "--send").want(t, 2, "--send: it goes with neither")
	p.end()
	if r := p.keys("", "rotate", "12345678", "--send"); r.code != 1 || !strings.Contains(r.stderr, "nothing answers") {
		t.Errorf("%+v", r)
	}
}

// A simulated fleet takes the next keys that are sent to it, loses no frame by that, and has them all in the end.
func TestASimulatedFleetTakesItsNextKeys(t *testing.T) {
	dir := t.TempDir()
	for _, serial := range []string{"10000001", "10000002", "10000003"} {
		newDevice(t, dir, "field", serial, protect.CCM8)
	}
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan result)
	go func() {
		var out bytes.Buffer
		code := run(ctx, []string{"simulate", "--address", p.addresses.Listeners["field"], "--masters", "3", "--every", "20ms", "--jitter", "1",
			"--key-dir", p.file("data/keys"), "--state", p.file("fleet.state")}, strings.NewReader(""), &out, &out)
		done <- result{code, out.String(), ""}
	}()
	await(t, "the fleet", func() bool { return strings.Count(p.keys("", "list").stdout, "accepted") == 3 })
	p.keys("", "rotate", "--all", "--send").want(t, 0, "next key made: 3 masters", "done: 10000003 answered K")
	await(t, "the end of the rotation", func() bool { return !strings.Contains(p.keys("", "list", "--json").stdout, `"rotating": true`) })
	before := p.totals().Stored
	await(t, "frames under the new keys", func() bool { return p.totals().Stored > before+10 })
	stop()
	(<-done).want(t, 0)
}

// A whole fleet proves its next keys at once: each rotation ends, though each waits for the disk.
func TestAFleetThatProvesItsNextKeysAtOnceHasThemAll(t *testing.T) {
	const fleet = 100
	dir := t.TempDir()
	devices := make([]*device, fleet)
	for i := range devices {
		devices[i] = newDevice(t, dir, "field", fmt.Sprintf("1%07d", i), protect.CCM8)
	}
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	p.keys("", "rotate", "--all").want(t, 0)
	links := make([]*peer, fleet)
	for i, d := range devices {
		e, _ := p.stored(d.serial)
		d.key = e.Next
		links[i] = p.dial("field")
	}
	for i, d := range devices {
		links[i].send(d.frame(1))
	}
	for _, d := range devices {
		await(t, "the end of the rotation", func() bool { e, _ := p.stored(d.serial); return e.Key == d.key && !e.Rotating })
	}
}
