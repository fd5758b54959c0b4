package actors

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"trama/actors/admission"
	"trama/codec"
	"trama/transport"
)

// tank is the profile of docs/frame-language.md, with what the tests change.
const tank = `
name = "tank"
zone = "UTC"
[frame]
length = { field = "LEN", counts = "after LEN" }
header = [
  { key = "LEN",  type = "byte" },
  { key = "MARK", type = "hex",   size = 2, const = "a55a" },
  { key = "UNIT", type = "bcd",   size = 3, as = "digits", role = "identity" },
  { key = "SITE", type = "byte",  remember = true },
  { key = "SEQ",  type = "uint16", role = "transaction" },
  { key = "TYPE", type = "ascii", size = 1, chars = "letters", role = "command" },
]
[[message]]
command = "l"
from    = "master"
name    = "level"
purpose = "measurement"
fields  = [{ key = "level", type = "uint16", scale = 0.1, role = "value" }]
[[message]]
command = "t"
from    = "master"
name    = "text"
fields  = [{ key = "text", type = "ascii", size = "rest", max_size = 20 }]
[[message]]
command = "P"
from    = "server"
name    = "switch-pump"
fields  = [{ key = "wanted", type = "byte" }]
[[message]]
command = "P"
from    = "master"
name    = "pump-answer"
purpose = "answer"
fields  = [{ key = "result", type = "byte", role = "result" }]
[[message]]
command = "a-z"
from    = "server"
name    = "receipt"
purpose = "acknowledgement"
[[reply]]
to   = "a-z"
send = "header"
[answer]
by = ["TYPE", "SEQ"]
`

// compiled is a definition with pairs of texts replaced, as an edition.
func compiled(t testing.TB, src string, replace ...string) ProfileVersion {
	t.Helper()
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(src, replace[i]) {
			t.Fatalf("%q is not in the definition", replace[i])
		}
	}
	src = strings.NewReplacer(replace...).Replace(src)
	p, err := codec.Compile("test.toml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return ProfileVersion{Profile: p, Source: "test.toml"}
}

func shippedProfileVersion(t testing.TB, name string, replace ...string) ProfileVersion {
	t.Helper()
	src, _ := codec.ShippedSource(name)
	return compiled(t, string(src), replace...)
}

func startWith(t testing.TB, e ProfileVersion, options transport.Options) *gateway {
	t.Helper()
	options.Name, options.Address = "port", "127.0.0.1:0"
	return startAll(t, Options{Listeners: []ListenerOptions{{Profile: e.Profile, Source: e.Source, Transport: options}}})
}

func (g *gateway) mustSwap(t testing.TB, e ProfileVersion) Swapped {
	t.Helper()
	done, err := g.Swap(context.Background(), map[string]ProfileVersion{"port": e})
	if err != nil || len(done) != 1 {
		t.Fatalf("swap: %v, %v", done, err)
	}
	return done[0]
}

func (d *device) expect(want string) {
	d.t.Helper()
	want = strings.ReplaceAll(want, " ", "")
	if got := d.receive(len(want) / 2); got != want {
		d.t.Fatalf("got %s, want %s", got, want)
	}
}

func (d *device) say(hexes string) { d.t.Helper(); d.send(strings.ReplaceAll(hexes, " ", "")) }

func TestABegunFrameGoesOnUnderTheSwappedProfile(t *testing.T) {
	g := startWith(t, compiled(t, tank), transport.Options{})
	d := dial(t, g, "port")
	d.say("0b a55a 001234 07 0001 6c 0343")
	d.expect("09 a55a 001234 07 0001 6c")
	d.say("0d a55a 0012") // a frame that the first edition takes for noise: one field more
	await(t, "the beginning", func() bool { return g.Connections()[0].BytesIn == 17 })
	done := g.mustSwap(t, compiled(t, tank, `"level", type = "uint16", scale = 0.1, role = "value" }`,
		`"height", type = "uint16", scale = 0.01, role = "value" }, { key = "more", type = "uint16" }`))
	if !done.Changed || done.Live != 1 || done.Now.Generation != 2 {
		t.Errorf("%+v", done)
	}
	d.say("34 07 0002 6c 0343 0001")
	d.expect("09 a55a 001234 07 0002 6c")
	await(t, "the value under its new name", func() bool {
		m, err := g.Master("001234")
		return err == nil && m.Frames == 2 && valueOf(m, "height") != nil && valueOf(m, "level") == nil
	})
	if c := g.Connections()[0]; c.Skipped != 0 || c.Rejected != 0 || c.Frames != 2 {
		t.Errorf("%+v", c)
	}
}

// A sample is what its frame said when it came; a swap makes no other of it.
func TestLastValuesStayWithTheSwappedProfile(t *testing.T) {
	g := startWith(t, compiled(t, tank), transport.Options{})
	d := dial(t, g, "port")
	d.say("0b a55a 001234 07 0001 6c 0343")
	d.expect("09 a55a 001234 07 0001 6c")
	g.mustSwap(t, compiled(t, tank, `"level", type = "uint16", scale = 0.1,`, `"height", type = "uint16",`))
	m, err := g.Master("001234")
	if err != nil || len(m.Points) != 1 || fmt.Sprint(valueOf(m, "level")) != "83.5" {
		t.Errorf("%v %+v", err, m.Points)
	}
	// What the header of its own last frame said is still what a command defaults to.
	sent := make(chan CommandResult, 1)
	go func() {
		r, _ := g.Send(context.Background(), CommandRequest{Serial: "001234", Command: "P", Fields: map[string]any{"wanted": 1}, Wait: patience})
		sent <- r
	}()
	if got := d.receive(11); got[:14] != "0aa55a00123407" {
		t.Errorf("command %s", got)
	} else {
		d.say("0a a55a 001234 07" + got[14:20] + "00")
	}
	if r := <-sent; r.Outcome != OutcomeDone {
		t.Errorf("%+v", r)
	}
}

func TestACommandInFlightIsAnsweredAcrossASwap(t *testing.T) {
	for name, c := range map[string]struct{ replace, rest string }{
		"as it was asked":                       {`"level", type = "uint16",`, "00"},
		"in a way that only the new one knows":  {`{ key = "result", type = "byte", role = "result" }`, "0055"},
		"in a way that only the new one, too 2": {`{ key = "result", type = "byte", role = "result" }`, "0100"},
	} {
		t.Run(name, func(t *testing.T) {
			g := startWith(t, compiled(t, tank), transport.Options{})
			d := dial(t, g, "port")
			d.say("0b a55a 001234 07 0001 6c 0343")
			d.expect("09 a55a 001234 07 0001 6c")
			sent := make(chan CommandResult, 1)
			go func() {
				r, _ := g.Send(context.Background(), CommandRequest{Serial: "001234", Command: "P", Fields: map[string]any{"wanted": 1}, Wait: patience})
				sent <- r
			}()
			got := d.receive(11)
			with := strings.Replace(c.replace, `"level"`, `"height"`, 1)
			size := "0a"
			if with == c.replace {
				with, size = c.replace+`, { key = "extra", type = "byte" }`, "0b"
			}
			g.mustSwap(t, compiled(t, tank, c.replace, with))
			d.say(size + got[2:20] + c.rest)
			r := <-sent
			if want := map[bool]Outcome{true: OutcomeDone, false: OutcomeRefused}[c.rest[:2] == "00"]; r.Outcome != want || r.Answer["TYPE"] != "P" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestALoginAndTheCountersSurviveASwap(t *testing.T) {
	g := startWith(t, shippedProfileVersion(t, "gt06"), transport.Options{})
	d := dial(t, g, "port")
	d.say("78780d010352887071911998000479d00d0a")
	d.expect("7878050100048e710d0a")
	g.mustSwap(t, shippedProfileVersion(t, "gt06", "\nname", "\n# edited\nname"))
	d.say("78781f120f0a140e150bc505e51e780293a9e800540000f601006e0055da00035f240d0a")
	await(t, "the position is its", func() bool { m := g.Masters(); return len(m) == 1 && m[0].Frames == 2 && m[0].State == "online" })

	g = startWith(t, shippedProfileVersion(t, "jt808"), transport.Options{})
	d = dial(t, g, "port")
	location := "7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e"
	for want := range 4 {
		if want == 2 {
			g.mustSwap(t, shippedProfileVersion(t, "jt808", "\nname", "\n# edited\nname"))
		}
		d.say(location)
		if got := d.receive(21); got[22:26] != hex.EncodeToString([]byte{0, byte(want)}) {
			t.Errorf("acknowledgement %d has the number %s", want, got[22:26])
		}
	}
}

func TestAListenerThatAsksForProtectionKeepsAProfileThatHasIt(t *testing.T) {
	e := shippedProfileVersion(t, "extended")
	g := startAll(t, Options{Listeners: []ListenerOptions{{Profile: e.Profile, Source: e.Source, Policy: admission.Policy{Security: admission.Mixed},
		Transport: transport.Options{Name: "port", Address: "127.0.0.1:0"}}}})
	without := shippedProfileVersion(t, "extended", "[security]\nsuite     = \"TE\"\nintegrity = \"I\"\n", "")
	if _, err := g.Swap(context.Background(), map[string]ProfileVersion{"port": without}); !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), "[security]") {
		t.Errorf("%v", err)
	}
	g.mustSwap(t, shippedProfileVersion(t, "extended", "\nname", "\n# edited\nname"))
}

func TestASwapIsForAllOrForNobody(t *testing.T) {
	g := startWith(t, compiled(t, tank), transport.Options{MaxFrameBytes: 12})
	before := g.Listeners()[0].Definition
	_, err := g.Swap(context.Background(), map[string]ProfileVersion{"port": shippedProfileVersion(t, "extended")})
	if !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), "27") {
		t.Errorf("%v", err)
	}
	_, err = g.Swap(context.Background(), map[string]ProfileVersion{"port": compiled(t, tank, "0.1", "0.2"), "nowhere": shippedProfileVersion(t, "extended")})
	if !errors.Is(err, ErrUnknownListener) {
		t.Errorf("%v", err)
	}
	if now := g.Listeners()[0].Definition; now != before || now.Generation != 1 {
		t.Errorf("%+v, before %+v", now, before)
	}
	if done := g.mustSwap(t, compiled(t, tank)); done.Changed {
		t.Errorf("the same definition was swapped: %+v", done)
	}
	p := g.ports.All[0]
	first := p.Installed().Number
	if g.mustSwap(t, compiled(t, tank, "0.1", "0.2")); p.Installed().Number == first || p.Installed().Number == 0 || g.store.Len() != 1 {
		t.Errorf("the journal knows it as %d, the first as %d; profiles held: %d", p.Installed().Number, first, g.store.Len())
	}
	before = g.Listeners()[0].Definition
	node, err := g.Tree(TreeQuery{Under: "trama/listeners/port"})
	if err != nil || node.Detail["hash"] != before.Hash[:12] || node.Detail["generation"] != uint64(2) || time.Since(node.Detail["loaded"].(time.Time)) > time.Hour {
		t.Errorf("%v %v", err, node.Detail)
	}
}

func TestFramesPassWhileProfilesAreSwapped(t *testing.T) {
	g := startWith(t, compiled(t, tank), transport.Options{})
	d := dial(t, g, "port")
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-stop:
				stopped <- n
				return
			default:
				if _, err := g.Swap(context.Background(), map[string]ProfileVersion{"port": compiled(t, tank, "0.1", []string{"0.1", "0.01", "0.2"}[n%3])}); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	for i := range 500 {
		number := hex.EncodeToString([]byte{byte(i >> 8), byte(i)})
		d.say("0b a55a 001234 07 " + number + " 6c 0343 0b a55a 001235 07 " + number)
		d.expect("09 a55a 001234 07 " + number + " 6c")
		d.say("6c 0343")
		d.expect("09 a55a 001235 07 " + number + " 6c")
	}
	close(stop)
	if n := <-stopped; n < 2 {
		t.Errorf("%d swaps", n)
	}
	if c := g.Connections()[0]; c.Frames != 1000 || c.Acknowledged != 1000 || c.Skipped != 0 {
		t.Errorf("%+v", c)
	}
}

func TestAResendIsKnownAcrossASwap(t *testing.T) {
	for name, resend := range map[string]string{"by its bytes": "", "but for a field": "\n[resend]\nignore = [\"SITE\"]\n"} {
		t.Run(name, func(t *testing.T) {
			g := startWith(t, compiled(t, tank+resend), transport.Options{})
			d := dial(t, g, "port")
			d.say("0b a55a 001234 07 0001 6c 0343")
			d.expect("09 a55a 001234 07 0001 6c")
			// One message more, so that the fields of this one have other places in the definition.
			g.mustSwap(t, compiled(t, tank+resend, "[[message]]\ncommand = \"l\"",
				"[[message]]\ncommand = \"x\"\nfrom = \"master\"\nname = \"x\"\nfields = [{ key = \"x\", type = \"uint32\" }]\n[[message]]\ncommand = \"l\""))
			d.say("0b a55a 001234 07 0001 6c 0343")
			d.expect("09 a55a 001234 07 0001 6c")
			if m, err := g.Master("001234"); err != nil || m.Frames != 1 || m.Duplicates != 1 {
				t.Errorf("%v %+v", err, m)
			}
		})
	}
}
