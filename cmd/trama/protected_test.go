package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/codec"
	"trama/codec/protect"
	"trama/keys"
)

// keyed is a configuration with keys, whose listeners are as more says.
func keyed(more string) string {
	return "[keys]\n[admin]\nlisten = \"127.0.0.1:0\"\n" +
		"[[listener]]\nname = \"field\"\naddress = \"127.0.0.1:0\"\nprofile = \"extended\"\n" + more +
		"[[listener]]\nname = \"compact\"\naddress = \"127.0.0.1:0\"\nprofile = \"compact\"\n" + more
}

// device is a master with a key, made from the codec alone.
type device struct {
	t       *testing.T
	serial  string
	listens string
	profile *codec.Profile
	key     protect.Key
	suite   protect.Suite
	epoch   uint8
	counter uint32 // of the next frame
	heard   uint32 // counter of the server that is expected where frames do not say it
	halves  []byte // of the key of the connection; nil: there is none
}

// device gives a serial a key, before the program starts.
func newDevice(t *testing.T, dir, listener, serial string, suite protect.Suite) *device {
	t.Helper()
	profile, err := codec.Shipped(map[string]string{"field": "extended", "compact": "compact"}[listener])
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, serial: serial, listens: listener, profile: profile, key: protect.Key{7, 7, byte(len(serial))}, suite: suite}
	at := filepath.Join(dir, "data", "keys")
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	store, err := keys.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Add(time.Now(), keys.New{Serial: serial, Key: d.key, Suite: suite}); err != nil {
		t.Fatal(err)
	}
	return d
}

// plain is a measurement.
func (d *device) plain(n int) []byte {
	if d.listens == "compact" {
		return fromHex(d.t, fmt.Sprintf("00130100000000%s0102730000%08x", d.serial, 0x41000000+n))
	}
	return fromHex(d.t, fmt.Sprintf("00250100000000%s0102036d0020261123143000%08d0041ac0000", d.serial, n))
}

// protected protects a plain frame under the next counter.
func (d *device) protected(plain []byte, reference []byte) []byte {
	d.t.Helper()
	frame, err := d.profile.Protect(nil, plain, &protect.Protection{Suite: d.suite, Key: d.key, Epoch: d.epoch, Counter: d.counter, Reference: reference, Challenge: d.halves})
	if err != nil {
		d.t.Fatal(err)
	}
	d.counter++
	return frame
}

// frame is a measurement as it is sent.
func (d *device) frame(n int) []byte { return d.protected(d.plain(n), nil) }

// opened is what a frame of the server was; it is verified.
func (d *device) opened(raw []byte) *protect.Opened {
	d.t.Helper()
	layout := d.profile.Security()
	o, err := layout.Open(nil, raw, &protect.Opening{Key: d.key, Epoch: d.epoch, Server: true, Counter: max(layout.Head(raw).Counter, d.heard), Challenge: d.halves})
	if err != nil {
		d.t.Fatalf("frame of the server %x: %v", raw, err)
	}
	d.heard = o.Counter + 1
	return &o
}

// answered answers the challenge that comes next, and has the key of the connection from then on.
func (d *device) answered(c *peer) {
	d.t.Helper()
	var o protect.Opened
	for {
		raw := c.frame()
		if raw[3] != 0 {
			continue // the acknowledgement of a frame before
		}
		var err error
		if o, err = d.profile.Security().Open(nil, raw, &protect.Opening{Server: true}); err != nil {
			d.t.Fatalf("challenge %x: %v", raw, err)
		}
		break
	}
	plain := bytes.Clone(o.Plain)
	mine := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	d.halves = append(bytes.Clone(plain[len(plain)-8:]), mine...)
	copy(plain[len(plain)-8:], mine)
	answer, err := d.profile.Protect(nil, plain, &protect.Protection{})
	if err != nil {
		d.t.Fatal(err)
	}
	d.counter, d.heard = 0, 0
	c.send(answer)
}

// reference is what an answer to a frame of the device must carry.
func (d *device) reference(frame []byte) []byte {
	d.t.Helper()
	o, err := d.profile.Security().Open(nil, frame, &protect.Opening{Key: d.key, Epoch: d.epoch, Counter: d.counter - 1, Challenge: d.halves})
	if err != nil {
		d.t.Fatal(err)
	}
	return o.ReferenceTo()
}

// frame reads one frame of the server.
func (c *peer) frame() []byte {
	c.t.Helper()
	raw := c.receive(7)
	n := int(raw[0]>>4)*1000 + int(raw[0]&15)*100 + int(raw[1]>>4)*10 + int(raw[1]&15)
	return append(raw, c.receive(n)...)
}

// exchange sends a frame of a device and verifies its acknowledgement.
func (d *device) exchange(c *peer, frame []byte) *protect.Opened {
	d.t.Helper()
	c.send(frame)
	ack := d.opened(c.frame())
	if want := d.reference(frame); !bytes.Equal(ack.Reference, want) {
		d.t.Fatalf("the acknowledgement is of %x, want %x", ack.Reference, want)
	}
	return ack
}

func (p *program) refusals(reason string) uint64 { return p.totals().Rejected[reason] }

// refused waits until so many frames were refused for a reason.
func (p *program) refused(reason string, n uint64) {
	p.t.Helper()
	await(p.t, fmt.Sprintf("%d frames refused: %s; there are %v", n, reason, p.totals().Rejected), func() bool { return p.refusals(reason) >= n })
	if got := p.refusals(reason); got != n {
		p.t.Errorf("%d frames refused, %q, want %d", got, reason, n)
	}
}

func TestProtectedFramesAreOpenedStoredAndAcknowledgedUnderTheSameSuite(t *testing.T) {
	for i, c := range []struct {
		listener string
		suite    protect.Suite
	}{{"field", protect.CCM8}, {"field", protect.CCM16}, {"field", protect.Auth24}, {"field", protect.Enc24}, {"compact", protect.CCM8},
		{"compact", protect.CCM16}, {"compact", protect.Enc24}} {
		t.Run(c.listener+" "+c.suite.String(), func(t *testing.T) {
			dir := t.TempDir()
			d := newDevice(t, dir, c.listener, "12345678", c.suite)
			p := serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"10\", \"11\", \"20\", \"21\"]\n"))
			link := p.dial(c.listener)
			d.epoch = uint8(i % 2)
			for n := range 5 {
				d.exchange(link, d.frame(n+1))
			}
			var info actors.MasterInfo
			p.get("/api/v1/masters/12345678", &info)
			if s := info.Security; s == nil || s.Suite != c.suite.String() || s.Epoch != d.epoch || info.Frames != 5 || s.Verdict != "accepted" {
				t.Errorf("%+v", info.Security)
			}
			// what is stored is the plain frame
			out := p.cli("history", "12345678", "--frames")
			if !bytes.Contains([]byte(out.stdout), []byte(hex.EncodeToString(d.plain(5)))) {
				t.Errorf("history: %s%s", out.stdout, out.stderr)
			}
		})
	}
}

func TestEveryRefusalOfAProtectedFrameIsSilentAndSaysWhy(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"mixed\"\n"))
	link := p.dial("field")
	d.epoch, d.counter = 3, 100
	first := d.frame(1)
	d.exchange(link, first)
	d.exchange(link, d.frame(2))

	stranger := *d
	stranger.key = protect.Key{9}
	other := p.dial("field")
	other.send(stranger.frame(3)) // one wrong tag before any right one
	other.ends()
	p.refused("wrong tag", 1)

	keyless := *d
	keyless.serial = "87654321"
	other = p.dial("field")
	other.send(keyless.frame(1))
	p.refused("no key", 1)
	weak := *d
	weak.suite = protect.None
	other.send(weak.frame(1)) // a checksum in I
	p.refused("unprotected", 1)
	other.send(d.plain(1))
	p.refused("unprotected", 2)
	other.send(keyless.plain(1)) // a master without a key may, on a mixed listener
	if got := other.frame(); got[3] != 0 {
		t.Errorf("acknowledged by %x", got)
	}

	// under another counter what was seen is refused, and the very same is acknowledged again
	again := *d
	again.counter = 100
	other.send(again.frame(9))
	p.refused("counter reused", 1)
	if e := p.event("counter reused"); e.Master != "12345678" {
		t.Errorf("%+v", e)
	}
	d.counter = 200
	d.exchange(link, d.frame(3))
	again.counter = 130
	other.send(again.frame(8))
	p.refused("replayed", 1)
	again.epoch, again.counter = 2, 0
	other.send(again.frame(8))
	p.refused("old epoch", 1)
	d.counter = 101
	d.exchange(other, first) // it is acknowledged, and takes no link over
	d.counter = 201
	d.exchange(link, d.frame(4))

	for range 3 { // in a connection that has proven itself
		stranger.counter++
		link.send(stranger.frame(3))
	}
	link.ends()
	p.refused("wrong tag", 4)
	var info actors.MasterInfo
	p.get("/api/v1/masters/12345678", &info)
	if info.Frames != 4 || info.Duplicates != 1 || info.Takeovers != 0 || info.Security.WrongTags != 4 || info.Security.Epoch != 3 || info.Security.Counter != 201 {
		t.Errorf("%+v, %+v", info, info.Security)
	}
}

func TestASerialThatIsNotListedIsRefusedBeforeItsTagIsLookedAt(t *testing.T) {
	dir := t.TempDir()
	foreign := newDevice(t, dir, "field", "12345678", protect.CCM8)
	listed := newDevice(t, dir, "field", "87654321", protect.CCM8)
	p := serveIn(t, dir, keyed("serials = [\"87*\"]\n"))
	link := p.dial("field")
	link.send(foreign.frame(1))
	foreign.key = protect.Key{1}
	link.send(foreign.frame(2)) // a wrong tag would close the connection
	p.refused("serial not allowed", 2)
	listed.exchange(link, listed.frame(1))
	if n := p.serials(""); len(n) != 1 || n[0] != "87654321" {
		t.Errorf("masters %q", n)
	}
}

func TestSuitesThatAreNotNamedAreRefusedBeforeTheKeyIsUsed(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("suites = [\"21\"]\n"))
	link := p.dial("field")
	link.send(d.frame(1))
	p.refused("suite not allowed", 1)
	d.suite = protect.CCM16
	d.exchange(link, d.frame(1))
}

// copyTree copies the files of a program, with their modes.
func copyTree(t *testing.T, to, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == from || e.Name() == "addresses.json" {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name := filepath.Join(to, strings.TrimPrefix(path, from))
		if e.IsDir() {
			return os.MkdirAll(name, info.Mode().Perm())
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(name, text, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReplayedFramesAreNeverStoredAgain(t *testing.T) {
	t.Parallel()
	const frames = 10_000
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	link := p.dial("field")
	var all [][]byte
	for n := range frames {
		all = append(all, d.frame(n+1))
	}
	send := func(link *peer, order func(i int) int) {
		t.Helper()
		go func() { // acknowledgements of duplicates come meanwhile
			for i := range all {
				if _, err := link.Write(all[order(i)]); err != nil {
					return
				}
			}
		}()
	}
	answered := func(link *peer, n int) {
		t.Helper()
		for range n {
			d.opened(link.frame())
		}
	}
	seen := func() uint64 { return p.totals().Frames }
	forward := func(i int) int { return i }
	send(link, forward)
	answered(link, frames)
	expect := func(when string, link *peer, order func(i int) int) {
		t.Helper()
		before := seen()
		go func() { _, _ = io.Copy(io.Discard, link) }()
		send(link, order)
		await(t, "the frames "+when, func() bool { return seen() >= before+frames })
		if got := p.totals().Stored; got != frames {
			t.Fatalf("%s: %d frames are stored", when, got)
		}
	}
	again := p.dial("field")
	expect("on another connection", again, forward)
	expect("backwards", p.dial("field"), func(i int) int { return frames - 1 - i })
	shuffled := rand.New(rand.NewPCG(1, 2)).Perm(frames)
	expect("shuffled", p.dial("field"), func(i int) int { return shuffled[i] })
	p.get("/api/v1/masters/12345678", new(actors.MasterInfo))

	// what a kill leaves: the files as they are now
	killed := t.TempDir()
	copyTree(t, killed, dir)
	p.end()
	backup := t.TempDir()
	copyTree(t, backup, dir)
	for _, at := range []string{dir, killed} {
		p = serveIn(t, at, keyed("security = \"required\"\n"))
		for i, order := range []func(int) int{forward, func(i int) int { return shuffled[i] }} {
			link, before := p.dial("field"), seen()
			go func() { _, _ = io.Copy(io.Discard, link) }()
			send(link, order)
			await(t, "the frames after a start", func() bool { return seen() >= before+frames })
			if got := p.totals().Stored; got != 0 {
				t.Fatalf("%s, %d: %d frames are stored again", at, i, got)
			}
		}
		d.exchange(p.dial("field"), d.frame(frames+1))
		p.end()
	}

	// an older journal: no frame of an epoch that it knows counts
	// and it has not the keys' generation
	journals, err := filepath.Glob(filepath.Join(dir, "data", "journal*"))
	if err != nil || len(journals) == 0 {
		t.Fatal(journals, err)
	}
	for _, name := range journals {
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(backup, "data", "keys")); err != nil {
		t.Fatal(err)
	}
	copyTree(t, dir, backup)
	p = serveIn(t, dir, keyed("security = \"required\"\n"))
	old := p.dial("field")
	old.send(all[0])
	old.send(d.frame(frames + 5))
	p.refused("old epoch", 2)
	p.end()
	p = serveIn(t, dir, keyed("security = \"required\"\n")) // that stays so
	link = p.dial("field")
	link.send(d.frame(frames + 5))
	p.refused("old epoch", 1)
	d.epoch, d.counter = d.epoch+1, 0
	d.exchange(link, d.frame(frames+6))
	if got := p.totals().Stored; got != 1 {
		t.Errorf("%d frames are stored", got)
	}
}

func TestWrongTagsElsewhereDoNotDisturbASessionThatIsAuthenticated(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.Auth24)
	p := serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"10\"]\n"))
	link := p.dial("field")
	d.exchange(link, d.frame(1))
	stranger := *d
	stranger.key = protect.Key{9}
	for n := range 24 {
		other := p.dialFrom(fmt.Sprintf("127.0.0.%d", 2+n), "field")
		other.send(stranger.frame(n))
		other.ends()
		d.exchange(link, d.frame(n+2))
	}
	p.refused("wrong tag", 16)
	p.refused("too many wrong tags", 8)
	if e := p.event("alarm"); e.Reason != "wrong tags" || e.Master != "12345678" {
		t.Errorf("%+v", e)
	}
	refused := p.dialFrom("127.0.0.99", "field")
	refused.send(d.frame(99)) // at the limit no new connection may use the suite
	refused.ends()
	p.end()
	p = serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"10\"]\n"))
	link = p.dial("field")
	link.send(stranger.frame(1)) // attempt 17 and on
	link.ends()
	p.refused("too many wrong tags", 1)
	link = p.dial("field")
	d.epoch++
	d.exchange(link, d.frame(50))
}

// A serial with a key that never spoke: what was tried for it is known after a start.
func TestAttemptsForAMasterThatNeverSpokeAreRemembered(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.Auth24)
	stranger := *d
	stranger.key = protect.Key{9}
	for range 2 {
		p := serveIn(t, dir, keyed("suites = [\"10\"]\n"))
		for n := range 8 {
			other := p.dialFrom(fmt.Sprintf("127.0.0.%d", 2+n), "field")
			other.send(stranger.frame(n))
			other.ends()
		}
		p.refused("wrong tag", 8)
		p.end()
	}
	p := serveIn(t, dir, keyed("suites = [\"10\"]\n"))
	link := p.dial("field")
	link.send(d.frame(1))
	p.refused("too many wrong tags", 1)
}

// sent is the outcome of trama send, which runs meanwhile.
func (p *program) sends(args ...string) <-chan result {
	out := make(chan result, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var stdout, stderr bytes.Buffer
		code := run(ctx, append(append([]string{"send"}, args...), "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token")),
			strings.NewReader(""), &stdout, &stderr)
		out <- result{code, stdout.String(), stderr.String()}
	}()
	return out
}

func TestCommandsGoUnderTheSuiteOfTheMasterAndTheirAnswersAreBoundToThem(t *testing.T) {
	for _, listener := range []string{"field", "compact"} {
		t.Run(listener, func(t *testing.T) {
			dir := t.TempDir()
			d := newDevice(t, dir, listener, "12345678", protect.CCM8)
			p := serveIn(t, dir, keyed("security = \"required\"\n"))
			for round := range 2 { // the second one: after a start, with no reservation
				link := p.dial(listener)
				d.exchange(link, d.frame(round+1))
				if round == 1 {
					p.end()
					p = serveIn(t, dir, keyed("security = \"required\"\n"))
					link = p.dial(listener)
					d.exchange(link, d.frame(round+2))
				}
				outcome := p.sends("12345678", "A", "--json")
				raw := link.frame()
				asked := d.opened(raw)
				if asked.Reference != nil || asked.Suite != protect.CCM8 {
					t.Errorf("%+v", asked)
				}
				link.send(d.protected(asked.Plain, make([]byte, 8))) // to another question
				p.refused("answers another command", 1)
				link.send(asked.Plain)
				p.refused("unprotected", 1)
				link.send(d.protected(asked.Plain, asked.ReferenceTo()))
				(<-outcome).want(t, 0, `"outcome":"done"`, `"suite":"20"`, hex.EncodeToString(raw))
				p.end()
				p = serveIn(t, dir, keyed("security = \"required\"\n"))
			}
		})
	}
}

func TestCommandsToAMasterThatSpeaksUnprotectedNeedLeave(t *testing.T) {
	for _, c := range []struct {
		config  string
		refused bool
	}{{"", false}, {"security = \"mixed\"\n", true}, {"security = \"mixed\"\nallow_unprotected_control = true\n", false}} {
		p := serve(t, keyed(c.config))
		link := p.dial("field")
		link.send(fromHex(t, measurement(12345678, 1)))
		link.frame()
		out := p.sends("12345678", "B")
		if c.refused {
			(<-out).want(t, exitNotSent, "commands to this master must be protected", "allow_unprotected_control")
		} else {
			link.send(link.frame())
			(<-out).want(t, 0, "done: 12345678 answered B")
		}
		p.end()
	}
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.Enc24)
	p := serveIn(t, dir, keyed("suites = [\"11\"]\nallow_unprotected_control = true\n"))
	d.exchange(p.dial("field"), d.frame(1))
	(<-p.sends("12345678", "A")).want(t, exitNotSent, "commands to this master must be protected", "suite 11 is for telemetry")
}

// Frames of suite 10 have no counter: whoever has recorded one sends it again under a right tag.
func TestAResendUnderSuite10TakesNoLinkOver(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.Auth24)
	p := serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"10\"]\ntakeover = \"authenticated\"\n"))
	link := p.dial("field")
	recorded := d.frame(1)
	d.exchange(link, recorded)
	other := p.dialFrom("127.0.0.9", "field")
	d.exchange(other, recorded)
	d.exchange(link, d.frame(2))
	if n := p.totals().Takeovers; len(n) > 0 {
		t.Errorf("%v", n)
	}
	d.exchange(other, d.frame(3)) // a device that dials again has something new to say
	link.ends()
}

// A recorded frame that is known is acknowledged wherever it comes from, and does nothing else.
func TestAFrameThatComesAgainBringsNobodyOnline(t *testing.T) {
	for _, suite := range []protect.Suite{protect.CCM8, protect.Auth24} {
		t.Run(suite.String(), func(t *testing.T) {
			dir := t.TempDir()
			d := newDevice(t, dir, "field", "12345678", suite)
			p := serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"10\", \"20\"]\n"))
			link := p.dial("field")
			recorded := d.frame(1)
			d.exchange(link, recorded)
			_ = link.Close()
			shows := func() (info actors.MasterInfo) {
				p.get("/api/v1/masters/12345678", &info)
				return info
			}
			await(t, "the end of the link", func() bool { return len(shows().Links) == 0 })
			other := p.dial("field")
			for range 2 { // the first one is of a connection on which the master never was
				d.exchange(other, recorded)
			}
			if info := shows(); info.Duplicates != 2 || info.Frames != 1 || len(info.Links) != 0 || info.Connects != 1 {
				t.Errorf("%+v", info)
			}
			(<-p.sends("12345678", "A")).want(t, exitNotSent, "offline")
			if out := p.cli("connections", "--json").stdout; strings.Contains(out, `"protected":true`) {
				t.Errorf("a replay proves its connection: %s", out)
			}
			d.exchange(other, d.frame(2))
			if info := shows(); len(info.Links) != 1 || info.Frames != 2 {
				t.Errorf("%+v", info)
			}
			p.cli("connections", "--json").want(t, 0, `"protected":true`)
		})
	}
}

func TestACommandThatWaitedGoesUnderNoWeakerSuiteThanItMay(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.Enc24)
	weak := *d
	d.suite = protect.CCM8
	p := serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"11\", \"20\"]\n"))
	link := p.dial("field")
	d.exchange(link, d.frame(1))
	one := p.sends("12345678", "A", "--wait", "2s")
	d.opened(link.frame())
	two := p.sends("12345678", "A")
	await(t, "a second command", func() bool {
		var info actors.MasterInfo
		p.get("/api/v1/masters/12345678", &info)
		return info.Queued == 1
	})
	weak.counter = d.counter
	weak.exchange(link, weak.frame(2))
	<-one // nobody has answered it
	(<-two).want(t, exitNotSent, "commands to this master must be protected", "suite 11 is for telemetry")
}

func TestAFrameUnderTheNextKeyEndsARotation(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed(""))
	link := p.dial("field")
	d.epoch, d.counter = 9, 500
	d.exchange(link, d.frame(1))
	p.keys("", "rotate", "12345678").want(t, 0)
	e, _ := p.stored("12345678")
	if !e.Rotating {
		t.Fatal("no key is in rotation")
	}
	d.exchange(link, d.frame(2))
	old := *d
	d.key, d.epoch, d.counter = e.Next, 0, 0
	d.exchange(link, d.frame(3))
	await(t, "the end of the rotation", func() bool { now, _ := p.stored("12345678"); return !now.Rotating && now.Key == e.Next })
	other := p.dial("field")
	other.send(old.frame(4))
	other.ends()
	p.refused("wrong tag", 1)
	if e := p.event("new epoch"); e.Detail != "the next key, with epoch 0" {
		t.Errorf("%+v", e)
	}
	p.end()
	p = serveIn(t, dir, keyed(""))
	d.exchange(p.dial("field"), d.frame(5))
}

// A frame that crashes its handler is not known when it comes again, whichever actor failed.
func TestAProtectedFrameThatWasPoisonIsTakenWhenItComesAgain(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, strings.Replace(keyed("security = \"required\"\n"), "[[listener]]", "allow_faults = true\n[[listener]]", 1))
	link := p.dial("field")
	d.exchange(link, d.frame(1))
	var info actors.MasterInfo
	p.get("/api/v1/masters/12345678", &info)
	for i, path := range []string{"trama/registry/12345678", fmt.Sprintf("trama/listeners/field/conn-%d", info.Links[0].Connection)} {
		p.cli("fault", "--on-frame", path).want(t, 0)
		frame := d.frame(i + 2)
		link.send(frame)
		await(t, "the poison", func() bool { return p.totals().Poisoned == uint64(i+1) })
		d.exchange(link, frame)
	}
	d.exchange(link, d.frame(9))
	if s := p.totals(); s.Stored != 4 || s.Duplicates != 0 {
		t.Errorf("%+v", s)
	}
}

func TestMastersShowWhetherTheyAreProtected(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed(""))
	link, plain := p.dial("field"), p.dial("field")
	d.exchange(link, d.frame(1))
	plain.reports(87654321, 1)
	p.cli("masters", "12345678").want(t, 0, "suite 20, epoch 0, counter 0", "last protected frame accepted")
	p.cli("masters", "87654321").want(t, 0, "unprotected")
	p.cli("masters", "--state", "unprotected").want(t, 0, "87654321")
	list := p.cli("masters", "--state", "online")
	list.want(t, 0, "online, unprotected")
	if n := strings.Count(list.stdout, "unprotected"); n != 1 {
		t.Errorf("%d masters are shown as unprotected:\n%s", n, list.stdout)
	}
	if s := p.totals(); s.Unprotected != 1 {
		t.Errorf("%+v", s)
	}
	p.cli("tree").want(t, 0, "unprotected", "suite")
	p.cli("connections", "--json").want(t, 0, `"protected":true`)
	p.end()
	p = serveIn(t, dir, keyed("")) // what is known of them stays
	p.cli("masters", "12345678").want(t, 0, "suite 20, epoch 0, counter 0")
	p.cli("masters", "87654321").want(t, 0, "unprotected")
}

// A fleet without keys has nobody who should have been protected.
func TestWithoutKeysNobodyIsShownAsUnprotected(t *testing.T) {
	p := serve(t, keyed(""))
	p.dial("field").reports(1, 1)
	for _, args := range [][]string{{"masters"}, {"masters", "--json"}, {"masters", "00000001"}, {"tree"}} {
		if r := p.cli(args...); r.code != 0 || strings.Contains(r.stdout, "unprotected") {
			t.Errorf("%q: exit %d: %s%s", args, r.code, r.stdout, r.stderr)
		}
	}
	if s := p.totals(); s.Unprotected != 0 {
		t.Errorf("%+v", s)
	}
	var rows []actors.MasterInfo
	if p.get("/api/v1/masters?state=unprotected", &rows); len(rows) > 0 {
		t.Errorf("%+v", rows)
	}
}

// A device that goes on unprotected after it was asked for protection has no link, and is there.
func TestAMasterWhoseEveryFrameIsRefusedIsShownAsRefusing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	const told = "[masters]\nfile = \"masters.toml\"\n"
	if err := os.WriteFile(filepath.Join(dir, "masters.toml"), []byte("[[master]]\nserial = \"87654321\"\ninterval = \"1s\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serveIn(t, dir, keyed("")+told)
	p.dial("field").reports(87654321, 1)
	d.exchange(p.dial("field"), d.frame(1))
	p.end()
	p = serveIn(t, dir, keyed("security = \"required\"\n")+told)
	var rows []actors.MasterInfo
	if p.get("/api/v1/masters?state=refusing", &rows); len(rows) > 0 {
		t.Errorf("%+v", rows)
	}
	other := p.dial("field")
	knock := time.NewTicker(300 * time.Millisecond)
	defer knock.Stop()
	knocking := func(what string, holds func() bool) {
		t.Helper()
		await(t, what, func() bool {
			select {
			case <-knock.C:
				other.send(fromHex(t, measurement(87654321, 2)))
			default:
			}
			return holds()
		})
	}
	knocking("refusing", func() bool {
		all := p.cli("masters", "--state", "refusing").stdout
		return strings.Contains(all, ", refusing, unprotected") && strings.Contains(all, "87654321") && !strings.Contains(all, "12345678")
	})
	p.get("/api/v1/masters?state=refusing", &rows)
	if len(rows) != 1 || rows[0].Serial != "87654321" {
		t.Errorf("%+v", rows)
	}
	p.cli("masters", "87654321").want(t, 0, ", refusing", "unprotected; last")
	knocking("the event", func() bool { return len(p.events("offline")) > 1 })
	for _, e := range p.events("offline") {
		if e.Master == "87654321" && strings.Contains(e.Detail, "no frame for ") && strings.Contains(e.Detail, "what came was refused, the last ") && strings.HasSuffix(e.Detail, " ago: unprotected") {
			return
		}
	}
	t.Errorf("%+v", p.events("offline"))
}

// Refused frames are told with the reason once, the cause behind it, and the bytes of the wire.
func TestWhatIsRefusedSaysWhyAndShowsTheBytesThatCame(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"mixed\"\n"))
	shown := func(reason, detail string, raw []byte) {
		t.Helper()
		var all []actors.Stretch
		await(t, reason, func() bool {
			p.get("/api/v1/refused?of=12345678", &all)
			return len(all) > 0 && all[len(all)-1].Reason == reason
		})
		last := all[len(all)-1]
		if last.Detail != detail || last.Bytes != hex.EncodeToString(raw) || last.Length != len(raw) {
			t.Errorf("%s: %+v, want %q and %x", reason, last, detail, raw)
		}
	}
	plain := p.dial("field")
	plain.send(d.plain(1))
	shown("unprotected", "the master has a key, and security is mixed", d.plain(1))

	first := p.dial("field")
	d.exchange(first, d.frame(1))
	damaged := d.frame(2)
	damaged[len(damaged)-1] ^= 1
	other := p.dial("field") // nobody is known on it
	other.send(damaged)
	await(t, "the damaged frame", func() bool { return strings.Contains(p.cli("refused", "12345678").stdout, hex.EncodeToString(damaged)) })
	await(t, "what the master is told by it", func() bool { // the listener knows of it first
		out := p.cli("masters", "12345678").stdout
		return strings.Contains(out, "online, refusing") && strings.Contains(out, "1 wrong checksum")
	})

	d.counter = 0
	reused := d.frame(3)
	first.send(reused)
	shown("counter reused", "counter 0 was used for another frame", reused)
	d.counter = 200
	d.exchange(first, d.frame(4))
	d.counter = 2
	replayed := d.frame(5)
	first.send(replayed)
	shown("replayed", "counter 2; the highest was 200", replayed)
	forger := *d
	forger.key = protect.Key{9}
	forged := forger.frame(1)
	third := p.dial("field")
	third.send(forged)
	third.ends()
	shown("wrong tag", "the device has another key than the key file, or the frame is forged", forged)
	await(t, "the account", func() bool {
		for _, e := range p.events("unidentified") {
			if e.Remote == third.LocalAddr().String() && strings.Contains(e.Detail, "1 frames rejected, the last: wrong tag: the device") {
				return true
			}
		}
		return false
	})
}

// A connection of an address that must wait is not said to have sent wrong tags: nobody has looked.
func TestAConnectionThatIsRefusedUnseenIsNotSaidToHaveWrongTags(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed(""))
	forger := *d
	forger.key = protect.Key{9}
	await(t, "the line", func() bool { // five are looked at, and one a second
		c := p.dial("field")
		c.send(forger.frame(1))
		c.ends()
		return p.log.has("connection closed", "too many wrong tags: of this address; it is refused for a while")
	})
}

// Forgetting a master reserves counters for what it says next, as any row of its trust does.
func TestMasterThatWasForgottenIsAnsweredOn(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	link, number := p.dial("field"), 0
	say := func(frames int) {
		t.Helper()
		for sent := 0; sent < frames; {
			var out []byte
			n := min(64, frames-sent)
			for range n {
				number++
				out = append(out, d.frame(number)...)
			}
			link.send(out)
			for range n {
				d.opened(link.frame())
			}
			sent += n
		}
	}
	say(768) // and the command uses one of the 256 counters that are left of the first 1,024: the next block is due
	outcome := p.sends("12345678", "A")
	d.opened(link.frame())
	p.cli("forget", "12345678").want(t, 0, "12345678 is forgotten")
	<-outcome
	link = p.dial("field")
	say(400)
}

// begins sends the first frame under the key of the connection.  Acknowledgements of the frame before may come meanwhile, under either key.
func (d *device) begins(c *peer, n int) {
	d.t.Helper()
	frame := d.frame(n)
	want := d.reference(frame)
	c.send(frame)
	layout := d.profile.Security()
	for {
		raw := c.frame()
		o, err := layout.Open(nil, raw, &protect.Opening{Key: d.key, Server: true, Counter: max(layout.Head(raw).Counter, d.heard), Challenge: d.halves})
		if err != nil {
			continue
		}
		if d.heard = o.Counter + 1; bytes.Equal(o.Reference, want) {
			return
		}
	}
}

func TestADeviceThatLostItsCountersGoesOnUnderTheKeyOfTheConnection(t *testing.T) {
	for _, c := range []struct {
		listener string
		suite    protect.Suite
	}{{"field", protect.CCM8}, {"compact", protect.CCM16}, {"field", protect.Auth24}} {
		t.Run(c.listener+" "+c.suite.String(), func(t *testing.T) {
			dir := t.TempDir()
			d := newDevice(t, dir, c.listener, "12345678", c.suite)
			d.epoch, d.counter = 0, 1000
			p := serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"10\", \"20\", \"21\"]\nchallenge = true\n"))
			for round := range 3 { // each connection has a key of its own
				link := p.dial(c.listener)
				lost := d.frame(round + 1)
				link.send(lost)
				d.answered(link)
				d.begins(link, 10*round+5)
				for n := range 5 {
					d.exchange(link, d.frame(10*round+n+10))
				}
				again := d.frame(10*round + 14) // the same content under another counter is a resend
				d.exchange(link, again)
				outcome := p.sends("12345678", "A", "--json")
				asked := d.opened(link.frame())
				if !asked.OfConnection {
					t.Errorf("%+v", asked)
				}
				link.send(d.protected(asked.Plain, asked.ReferenceTo()))
				(<-outcome).want(t, 0, `"outcome":"done"`, `"suite":"`+c.suite.String()+`"`)
				epoch := *d
				epoch.halves, epoch.counter = nil, 5000
				other := p.dial(c.listener)
				other.send(d.frame(99)) // its key is of another connection
				other.ends()
				if c.suite != protect.Auth24 {
					link.send(epoch.frame(99)) // and the key of the epoch is over here
					p.refused("old epoch", uint64(round+1))
				}
				d.halves, d.counter, d.heard = nil, 0, 0
			}
			if s := p.totals(); s.Rejected["wrong tag"] != 3 || s.Alarms["counter reused"] != 0 {
				t.Errorf("%+v", s)
			}
			p.end()
			p = serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"10\", \"20\", \"21\"]\nchallenge = true\n"))
			link := p.dial(c.listener) // counters of connections have not touched those of the epoch
			link.send(d.frame(77))
			d.answered(link)
			d.begins(link, 78)
		})
	}
}

func TestAMasterWithTagsOf24BitsIsChallengedBeforeACommand(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.Auth24)
	p := serveIn(t, dir, keyed("security = \"required\"\nsuites = [\"10\"]\n"))
	link := p.dial("field")
	d.exchange(link, d.frame(1))
	(<-p.sends("12345678", "A", "--wait", "200ms")).want(t, exitNotSent, "never sent: the device has not answered the challenge")
	outcome := p.sends("12345678", "B")
	d.answered(link)
	asked := d.opened(link.frame())
	link.send(d.protected(asked.Plain, asked.ReferenceTo()))
	(<-outcome).want(t, 0, "done: 12345678 answered B")
	d.exchange(link, d.frame(2))
}

// A registration that anybody can send takes no link over on which the master has proven itself.
func TestARegistrationTakesNoProvenLinkOver(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("registration = { form = \"digits\", size = 8, before = \"<\", after = \">\", repeat = true }\n"))
	link := p.dial("field")
	link.send([]byte("<12345678>"))
	d.exchange(link, d.frame(1))
	other := p.dial("field")
	other.send([]byte("<12345678>"))
	await(t, "the registration", func() bool { return strings.Count(p.log.String(), "device registered") == 2 })
	other.send(d.plain(2))
	p.refused("unprotected", 1)
	d.exchange(link, d.frame(2))
	var info actors.MasterInfo
	if p.get("/api/v1/masters/12345678", &info); info.Takeovers != 0 || len(info.Links) != 1 {
		t.Errorf("%+v", info)
	}
}

func TestACandidateIsComparedByThePlainFramesOfProtectedOnes(t *testing.T) {
	dir := t.TempDir()
	d := newDevice(t, dir, "field", "12345678", protect.CCM8)
	p := serveIn(t, dir, keyed("security = \"required\"\n"))
	link := p.dial("field")
	d.exchange(link, d.frame(1))
	p.write("next.toml", edited(t, `[[message]]`, "# tried\n[[message]]"))
	p.cli("shadow", "field", p.file("next.toml")).want(t, 0, "runs next to extended")
	for n := range 3 {
		d.exchange(link, d.frame(n+2))
	}
	await(t, "the comparison", func() bool {
		return strings.Contains(p.cli("shadow", "field", "--json").stdout, `"frames":3,"same":3,"different":0`)
	})
}
