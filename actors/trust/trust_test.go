package trust_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"trama/actors/trust"
	"trama/codec"
	"trama/codec/protect"
	"trama/journal"
	"trama/keys"
)

const serial = "12345678"

var (
	first  = protect.Key{1}
	second = protect.Key{2}
)

// source is a directory of keys.
type source map[string]*keys.Entry

func (s source) Key(serial string) (*keys.Entry, bool) { e, ok := s[serial]; return e, ok }

func (s source) Empty() bool { return len(s) == 0 }

func (s source) Commit(proven map[string]protect.Key) error {
	for serial, key := range proven {
		s[serial] = &keys.Entry{Key: key, Suite: s[serial].Suite}
	}
	return nil
}

func (s source) Rotating() int { return 0 }

// line is a connection.
type line struct {
	addr   netip.Addr
	proven []*trust.Peer

	session *trust.Session
}

func (l *line) Addr() netip.Addr { return l.addr }

func (l *line) Proven(p *trust.Peer) bool {
	for _, each := range l.proven {
		if each == p {
			return true
		}
	}
	return false
}

func (l *line) Session(*trust.Peer) *trust.Session { return l.session }

// world is a keyring with what stands around it.
type world struct {
	t       testing.TB
	source  source
	ring    *trust.Keyring
	profile *codec.Profile
	row     journal.Trust // the last one on disk
	records []journal.Protection
	addrs   byte
}

func begin(t testing.TB, suite protect.Suite) *world {
	profile, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, source: source{serial: {Key: first, Suite: suite}}, profile: profile}
	w.ring = trust.New(w.source)
	return w
}

// sent is a frame of the device.
func (w *world) sent(key protect.Key, suite protect.Suite, epoch uint8, counter uint32, nut int) []byte {
	w.t.Helper()
	plain, err := hex.DecodeString("00250100000000" + serial + "0102036d00202611231430" + fmt.Sprintf("%010d", nut) + "0041ac0000")
	if err != nil {
		w.t.Fatal(err)
	}
	frame, err := w.profile.Protect(nil, plain, &protect.Protection{Suite: suite, Key: key, Epoch: epoch, Counter: counter})
	if err != nil {
		w.t.Fatal(err)
	}
	return frame
}

// elsewhere is a connection from an address that was never seen.
func (w *world) elsewhere() *line {
	w.addrs++
	return &line{addr: netip.AddrFrom4([4]byte{10, 0, 0, w.addrs})}
}

// open finds and opens a frame.
func (w *world) open(frame []byte, from *line) (*codec.Frame, trust.Claim, error) {
	w.t.Helper()
	f := new(codec.Frame)
	if _, found := w.profile.Next(codec.Uplink, bytes.Clone(frame), codec.Weak, f); !found || !f.Closed() {
		w.t.Fatalf("%x is not found as a protected frame", frame)
	}
	c, err := w.ring.Open(w.profile, f, from)
	return f, c, err
}

// take does with a frame what the daemon does.
func (w *world) take(frame []byte) (trust.Freshness, error) {
	w.t.Helper()
	f, c, err := w.open(frame, w.elsewhere())
	if err != nil {
		w.t.Fatalf("open: %v", err)
	}
	o := f.Protection()
	fresh, err := c.Peer.Check(o, c)
	if fresh == trust.Fresh {
		c.Peer.Accept(o, c, false)
		w.records = append(w.records, journal.Protection{Suite: uint8(o.Suite), SC: o.SC(), Counter: o.Counter, Tag: o.Tag})
	}
	if fresh <= trust.Duplicate {
		c.Peer.Owe()
		if row, r := c.Peer.Row(false); row != nil {
			w.row, w.records = row, nil
			r.Stored()
		}
	}
	return fresh, err
}

// acknowledge makes an acknowledgement of the frame that was opened last.
func (w *world) acknowledge(frame []byte) []byte {
	w.t.Helper()
	f, c, err := w.open(frame, w.elsewhere())
	if err != nil {
		w.t.Fatal(err)
	}
	ack, due, err := w.profile.Reply(nil, f, codec.Env{Now: time.Date(2026, 11, 23, 14, 30, 1, 0, time.UTC)})
	if err != nil || !due {
		w.t.Fatal(due, err)
	}
	out, _, err := c.Peer.Protect(w.profile, nil, ack, f.Protection().Suite, f.Protection())
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// restart ends the process and starts another one from what is on disk.
func (w *world) restart() {
	w.t.Helper()
	w.ring = trust.New(w.source)
	if w.row == nil {
		return
	}
	p := w.ring.Peer(serial)
	if err := p.Restore(w.row); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range w.records {
		p.Replay(r)
	}
}

func (w *world) expect(frame []byte, want trust.Freshness) {
	w.t.Helper()
	if got, err := w.take(frame); got != want {
		w.t.Fatalf("freshness %d (%v), want %d", got, err, want)
	}
}

func TestCountersAreTakenOnceInAnyOrder(t *testing.T) {
	w := begin(t, protect.CCM8)
	random := rand.New(rand.NewPCG(1, 2))
	taken, highest := map[uint32]bool{}, uint32(0)
	for range 4000 {
		c := uint32(max(0, int(highest)+random.IntN(90)-70))
		want := trust.Fresh
		switch {
		case taken[c] && highest-c < 16:
			want = trust.Duplicate
		case taken[c] || highest >= 64+c:
			want = trust.Replayed
		}
		w.expect(w.sent(first, protect.CCM8, 3, c, int(c)), want)
		if want == trust.Fresh {
			taken[c], highest = true, max(highest, c)
		}
		if random.IntN(50) == 0 {
			w.restart()
		}
	}
}

func TestACounterThatIsUsedAgainIsToldFromAFrameThatComesAgain(t *testing.T) {
	w := begin(t, protect.CCM8)
	w.expect(w.sent(first, protect.CCM8, 0, 7, 1), trust.Fresh)
	w.expect(w.sent(first, protect.CCM8, 0, 7, 1), trust.Duplicate)
	w.expect(w.sent(first, protect.CCM8, 0, 7, 2), trust.Reused)
	w.restart()
	w.expect(w.sent(first, protect.CCM8, 0, 7, 2), trust.Reused)
	w.expect(w.sent(first, protect.CCM8, 0, 7, 1), trust.Duplicate)
	w.expect(w.sent(first, protect.CCM8, 0, 1<<32-1, 1), trust.Fresh)
	w.expect(w.sent(first, protect.CCM8, 0, 0, 9), trust.Replayed)
}

func TestEpochsMoveForwardOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, protect.CCM8)
		w.expect(w.sent(first, protect.CCM8, 3, 100, 1), trust.Fresh) // whatever a device begins with
		w.expect(w.sent(first, protect.CCM8, 12, 1, 2), trust.OldEpoch)
		w.expect(w.sent(first, protect.CCM8, 2, 1, 2), trust.OldEpoch)
		w.expect(w.sent(first, protect.CCM8, 11, 5, 3), trust.Fresh)
		w.expect(w.sent(first, protect.CCM8, 3, 100, 1), trust.Duplicate) // of the epoch before, which lives on
		w.expect(w.sent(first, protect.CCM8, 3, 101, 4), trust.Fresh)
		w.expect(w.sent(first, protect.CCM8, 10, 101, 4), trust.OldEpoch)
		w.restart()
		w.expect(w.sent(first, protect.CCM8, 3, 101, 4), trust.Duplicate)
		time.Sleep(24*time.Hour + time.Second)
		w.expect(w.sent(first, protect.CCM8, 3, 102, 5), trust.OldEpoch)
		w.expect(w.sent(first, protect.CCM8, 11, 6, 5), trust.Fresh)
		for _, epoch := range []uint8{19, 27, 35, 43, 51, 59, 63} {
			w.expect(w.sent(first, protect.CCM8, epoch, 0, 6), trust.Fresh)
		}
		w.expect(w.sent(first, protect.CCM8, 0, 0, 7), trust.OldEpoch) // 64 epochs, then another key
	})
}

func TestTheNextKeyIsProvenByAFrameAndTheOldOneIsOver(t *testing.T) {
	w := begin(t, protect.CCM8)
	w.expect(w.sent(first, protect.CCM8, 5, 1000, 1), trust.Fresh)
	w.source[serial] = &keys.Entry{Key: first, Next: second, Rotating: true, Suite: protect.CCM8}
	w.expect(w.sent(first, protect.CCM8, 5, 1001, 2), trust.Fresh)
	w.expect(w.sent(second, protect.CCM8, 0, 0, 3), trust.Fresh)
	w.expect(w.sent(first, protect.CCM8, 5, 1002, 4), trust.OldEpoch)
	w.restart()
	w.expect(w.sent(first, protect.CCM8, 6, 1002, 4), trust.OldEpoch)
	w.expect(w.sent(second, protect.CCM8, 0, 1, 5), trust.Fresh)
	select {
	case <-w.ring.Rotated():
		if whose, err := w.ring.Commit(); err != nil || len(whose) != 1 || w.source[serial].Key != second || w.source[serial].Rotating {
			t.Errorf("committed: %v", err)
		}
	default:
		t.Error("nobody was told that the next key is proven")
	}
	w.expect(w.sent(second, protect.CCM8, 0, 2, 6), trust.Fresh)
	if _, _, err := w.open(w.sent(first, protect.CCM8, 7, 1, 6), w.elsewhere()); !errors.Is(err, protect.ErrTag) {
		t.Errorf("under the old key: %v", err)
	}
}

func TestAfterAnOlderJournalOnlyANewerEpochCounts(t *testing.T) {
	w := begin(t, protect.CCM8)
	old := w.sent(first, protect.CCM8, 3, 7, 1)
	w.expect(old, trust.Fresh)
	p := w.ring.Peer(serial)
	p.Distrust()
	w.row, _ = p.Row(true)
	w.restart() // that stays
	for _, frame := range [][]byte{old, w.sent(first, protect.CCM8, 3, 8, 2)} {
		if fresh, err := w.take(frame); fresh != trust.OldEpoch || !strings.Contains(err.Error(), "restored") {
			t.Fatalf("%d %v", fresh, err)
		}
	}
	if _, _, err := w.ring.Peer(serial).Protect(w.profile, nil, nil, protect.CCM8, nil); !errors.Is(err, trust.ErrUnreserved) {
		t.Fatalf("sent before: %v", err)
	}
	w.expect(w.sent(first, protect.CCM8, 4, 0, 2), trust.Fresh)
	w.expect(w.sent(first, protect.CCM8, 4, 1, 3), trust.Fresh)
	w.expect(w.sent(first, protect.CCM8, 3, 8, 2), trust.OldEpoch)
}

func TestTheServerNeverUsesACounterTwice(t *testing.T) {
	w := begin(t, protect.CCM8)
	random := rand.New(rand.NewPCG(3, 4))
	used := map[string]bool{}
	epoch, counter := uint8(0), uint32(0)
	for i := range 6000 {
		if counter++; random.IntN(700) == 0 && epoch < 60 {
			epoch, counter = epoch+1, 0
		}
		frame := w.sent(first, protect.CCM8, epoch, counter, i)
		w.expect(frame, trust.Fresh)
		nonce := string(w.acknowledge(frame)[11:16])
		if used[nonce] {
			t.Fatalf("frame %d: SC and IC %x again", i, nonce)
		}
		used[nonce] = true
		if w.ring.Peer(serial); random.IntN(100) == 0 {
			w.restart()
		}
	}
}

func TestTheCountersOfAnEpochDoNotBeginAgainBehindTheLast(t *testing.T) {
	w := begin(t, protect.CCM8)
	w.expect(w.sent(first, protect.CCM8, 3, 0, 0), trust.Fresh)
	binary.LittleEndian.PutUint32(w.row[3+8*4:], 1<<32-2<<10) // reserved: but for two blocks
	w.restart()
	const frames = 1100 // whose answers are owed: more than a block
	for n := range uint32(frames) {
		w.expect(w.sent(first, protect.CCM8, 3, n+1, int(n)), trust.Fresh)
	}
	if w.restart(); w.ring.Peer(serial).Reserved() {
		t.Error("a counter can be used that is not reserved")
	}
	w.expect(w.sent(first, protect.CCM8, 3, frames+1, frames), trust.Fresh)
	if w.ring.Peer(serial).Reserved() {
		t.Error("the counters begin again")
	}
	w.expect(w.sent(first, protect.CCM8, 4, 0, 0), trust.Fresh)
	if !w.ring.Peer(serial).Reserved() {
		t.Error("a new epoch has no counters")
	}
}

func TestNoCounterIsUsedBeforeItsReservationIsOnDisk(t *testing.T) {
	w := begin(t, protect.CCM8)
	frame := w.sent(first, protect.CCM8, 3, 7, 7)
	f, c, err := w.open(frame, w.elsewhere())
	if err != nil {
		t.Fatal(err)
	}
	c.Peer.Accept(f.Protection(), c, false)
	c.Peer.Owe()
	row, reservation := c.Peer.Row(false)
	if row == nil || c.Peer.Reserved() {
		t.Fatal("no row, or a counter without it")
	}
	if _, _, err := c.Peer.Protect(w.profile, nil, nil, protect.CCM8, nil); !errors.Is(err, trust.ErrUnreserved) {
		t.Fatalf("before the commit: %v", err)
	}
	reservation.Stored()
	w.acknowledge(frame)
}

// The acknowledgement of the design, from its own counter.
func TestAnAcknowledgementIsBoundToWhatItAnswers(t *testing.T) {
	w := begin(t, protect.CCM8)
	w.source[serial] = &keys.Entry{Key: protect.Key(bytes.Repeat([]byte{0x11}, 16)), Suite: protect.CCM8}
	frame, err := hex.DecodeString("00380120f92f1d123456780300000007f77f931cddd811fc8fb7a2c1569b51323fc56a8023deb26c2f11c8c150")
	if err != nil {
		t.Fatal(err)
	}
	w.expect(frame, trust.Fresh)
	var ack []byte
	for range 10 { // counters 0 to 9
		ack = w.acknowledge(frame)
	}
	if got, want := hex.EncodeToString(ack), "004101203011d8123456788300000009fba2eab69cb4e688c3d24cb86f297ac423d4a3553f76c08084d25b90a9f3ec1b"; got != want {
		t.Errorf("acknowledgement:\n%s, want\n%s", got, want)
	}
}

func TestWrongTagsOf24BitsHaveABudgetThatSurvives(t *testing.T) {
	w := begin(t, protect.Auth24)
	good := w.sent(first, protect.Auth24, 0, 0, 1)
	w.expect(good, trust.Fresh)
	proven := &line{addr: w.elsewhere().addr, proven: []*trust.Peer{w.ring.Peer(serial)}}
	forged := bytes.Clone(good)
	forged[4] ^= 1
	alarms := 0
	for i := range 16 {
		_, c, err := w.open(forged, w.elsewhere())
		if !errors.Is(err, protect.ErrTag) || !c.Wrong || !c.Due {
			t.Fatalf("attempt %d: %v, %+v", i+1, err, c)
		}
		w.row, _ = c.Peer.Row(false)
		if c.Alarm != "" {
			alarms++
		}
	}
	if alarms != 1 {
		t.Errorf("%d alarms", alarms)
	}
	refused := func() {
		t.Helper()
		for _, frame := range [][]byte{forged, good} {
			if _, _, err := w.open(frame, w.elsewhere()); !errors.Is(err, trust.ErrTooMany) {
				t.Fatalf("attempt 17: %v", err)
			}
		}
	}
	refused()
	if _, _, err := w.open(good, proven); err != nil {
		t.Errorf("a session that is authenticated: %v", err)
	}
	w.restart()
	refused()
	w.expect(w.sent(first, protect.Auth24, 1, 0, 2), trust.Fresh) // a new epoch
	w.expect(w.sent(first, protect.Auth24, 1, 0, 3), trust.Fresh)
	w.restart()
	w.expect(w.sent(first, protect.Auth24, 1, 0, 4), trust.Fresh)
}

// Wrong tags beyond the limit keep a device from a new epoch for a day at most.
func TestTagsOfTheNextEpochHaveABudgetForEachDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, protect.Auth24)
		w.expect(w.sent(first, protect.Auth24, 0, 0, 1), trust.Fresh)
		for range 40 {
			if _, c, err := w.open(w.sent(second, protect.Auth24, 0, 0, 1), w.elsewhere()); err == nil {
				t.Fatal("forged")
			} else if row, _ := c.Peer.Row(false); row != nil {
				w.row = row
			}
		}
		w.restart()
		if _, c, err := w.open(w.sent(first, protect.Auth24, 1, 0, 2), w.elsewhere()); !errors.Is(err, trust.ErrTooMany) || c.Wrong {
			t.Errorf("both budgets are spent: %v", err)
		}
		time.Sleep(24*time.Hour + time.Second)
		if _, _, err := w.open(w.sent(first, protect.Auth24, 0, 0, 2), w.elsewhere()); !errors.Is(err, trust.ErrTooMany) {
			t.Errorf("the old epoch: %v", err)
		}
		w.expect(w.sent(first, protect.Auth24, 1, 0, 2), trust.Fresh)
	})
}

func TestWrongTagsOf64BitsHaveABudgetThatSurvives(t *testing.T) {
	w := begin(t, protect.CCM8)
	w.expect(w.sent(first, protect.CCM8, 0, 1, 1), trust.Fresh)
	forged, good := w.sent(second, protect.CCM8, 0, 2, 1), w.sent(first, protect.CCM8, 0, 2, 1)
	from, alarms := w.elsewhere(), 0
	for i := range trust.CCM8Limit {
		from.addr = netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		_, c, err := w.open(forged, from)
		if !errors.Is(err, protect.ErrTag) {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
		if c.Due {
			w.row, _ = c.Peer.Row(false)
			w.records = nil
		}
		if c.Alarm != "" {
			alarms++
		}
		if i == 200 || i == 9000 { // the steps of a restart cost tries, and never give any
			before := w.ring.Peer(serial).Info().WrongTags
			w.restart()
			if i == 9000 && before < 9000-128 {
				t.Errorf("%d wrong tags are known", before)
			}
		}
		if _, _, err := w.open(good, w.elsewhere()); err != nil {
			if i < trust.CCM8Limit-300 {
				t.Fatalf("refused after %d wrong tags: %v", i+1, err)
			}
			break
		}
	}
	if alarms < 7 {
		t.Errorf("%d alarms", alarms)
	}
	w.restart()
	if _, _, err := w.open(good, w.elsewhere()); !errors.Is(err, trust.ErrTooMany) {
		t.Fatalf("at the limit: %v", err)
	}
	w.expect(w.sent(first, protect.CCM8, 1, 0, 2), trust.Fresh)
	w.expect(w.sent(first, protect.CCM8, 1, 1, 3), trust.Fresh)
}

func TestAnAddressThatSendsWrongTagsIsRefusedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, protect.CCM8)
		good := w.sent(first, protect.CCM8, 0, 1, 1)
		w.expect(good, trust.Fresh)
		forged, from := w.sent(second, protect.CCM8, 0, 2, 1), w.elsewhere()
		for range 4 {
			_, _, _ = w.open(forged, from)
		}
		time.Sleep(time.Minute + time.Second) // these are forgotten
		for range 5 {
			if _, _, err := w.open(good, from); err != nil {
				t.Fatal(err)
			}
			_, _, _ = w.open(forged, from)
		}
		if _, _, err := w.open(good, from); !errors.Is(err, trust.ErrTooMany) {
			t.Errorf("banned: %v", err)
		}
		if _, _, err := w.open(good, w.elsewhere()); err != nil {
			t.Errorf("from another address: %v", err)
		}
		if _, _, err := w.open(good, &line{addr: from.addr, proven: []*trust.Peer{w.ring.Peer(serial)}}); err != nil {
			t.Errorf("an authenticated session from the address: %v", err)
		}
		time.Sleep(5 * time.Minute)
		if _, _, err := w.open(good, from); err != nil {
			t.Errorf("after the ban: %v", err)
		}
	})
}

// A master behind the address of somebody who sends wrong tags gets through, and that costs little of a budget of 64 bits.
func TestABannedAddressMayTryOneLongTagASecond(t *testing.T) {
	for _, suite := range []protect.Suite{protect.CCM8, protect.CCM16, protect.Auth24} {
		synctest.Test(t, func(t *testing.T) {
			w := begin(t, suite)
			good, forged, from := w.sent(first, suite, 0, 1, 1), w.sent(second, suite, 0, 2, 1), w.elsewhere()
			w.expect(good, trust.Fresh)
			for range 5 {
				_, _, _ = w.open(forged, from)
			}
			tries := 0
			for at := time.Duration(0); at < 5*time.Minute; at += 250 * time.Millisecond {
				frame, passes := good, error(nil)
				if at%(2*time.Second) < time.Second { // wrong ones neither end the ban nor make it longer
					frame, passes = forged, protect.ErrTag
				}
				switch _, _, err := w.open(frame, from); {
				case errors.Is(err, passes):
					tries++
				case !errors.Is(err, trust.ErrTooMany):
					t.Fatalf("suite %v: %v", suite, err)
				}
				time.Sleep(250 * time.Millisecond)
			}
			if want := map[bool]int{true: 299}[suite != protect.Auth24]; tries != want {
				t.Errorf("suite %v: %d tags were tried in five minutes, want %d", suite, tries, want)
			}
			for range 4 {
				if _, _, err := w.open(good, from); err != nil {
					t.Errorf("suite %v: after the ban: %v", suite, err)
				}
			}
		})
	}
}

func TestABanOutlivesWrongTagsOfManyOtherAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, protect.CCM16)
		good, forged := w.sent(first, protect.CCM16, 0, 1, 1), w.sent(second, protect.CCM16, 0, 2, 1)
		w.expect(good, trust.Fresh)
		other := func(n int) *line { return &line{addr: netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)})} }
		for n := range 4095 {
			_, _, _ = w.open(forged, other(n))
		}
		time.Sleep(time.Millisecond)
		from := w.elsewhere()
		for range 5 {
			_, _, _ = w.open(forged, from)
		}
		for n := range 3000 { // older ones go
			_, _, _ = w.open(forged, other(5000+n))
		}
		if _, _, err := w.open(good, from); !errors.Is(err, trust.ErrTooMany) {
			t.Errorf("banned: %v", err)
		}
	})
}

func TestABanIsForTheWholeNetworkOfAnIPv6Address(t *testing.T) {
	w := begin(t, protect.CCM8)
	good := w.sent(first, protect.CCM8, 0, 1, 1)
	w.expect(good, trust.Fresh)
	forged := w.sent(second, protect.CCM8, 0, 2, 1)
	for n := range 5 {
		_, _, _ = w.open(forged, &line{addr: netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", n))})
	}
	if _, _, err := w.open(good, &line{addr: netip.MustParseAddr("2001:db8::ffff")}); !errors.Is(err, trust.ErrTooMany) {
		t.Errorf("from the same network: %v", err)
	}
	if _, _, err := w.open(good, &line{addr: netip.MustParseAddr("2001:db8:0:1::1")}); err != nil {
		t.Errorf("from another network: %v", err)
	}
}

func TestCountersOf16BitsAreRebuilt(t *testing.T) {
	w := begin(t, protect.Enc24)
	for _, c := range []uint32{0, 16_384, 32_768, 49_152, 65_535, 65_536, 65_530, 81_920} {
		w.expect(w.sent(first, protect.Enc24, 0, c, int(c)), trust.Fresh)
	}
	w.restart()
	w.expect(w.sent(first, protect.Enc24, 0, 81_921, 1), trust.Fresh)
	w.expect(w.sent(first, protect.Enc24, 0, 81_921, 1), trust.Duplicate)
	if _, _, err := w.open(w.sent(first, protect.Enc24, 0, 81_921+16_385, 1), w.elsewhere()); !errors.Is(err, protect.ErrTag) {
		t.Errorf("a gap of more than 16,384: %v", err)
	}
	w.expect(w.sent(first, protect.Enc24, 1, 3, 1), trust.Fresh)
	w.expect(w.sent(first, protect.Enc24, 0, 81_922, 2), trust.Fresh) // of the epoch before
}

func TestFramesThatNoKeyOpensSayWhy(t *testing.T) {
	w := begin(t, protect.CCM16)
	if _, _, err := w.open(w.sent(first, protect.CCM8, 0, 1, 1), w.elsewhere()); !errors.Is(err, trust.ErrSuite) {
		t.Errorf("a weaker suite than the key's: %v", err)
	}
	delete(w.source, serial)
	if _, _, err := w.open(w.sent(first, protect.CCM16, 0, 1, 1), w.elsewhere()); !errors.Is(err, trust.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	w.ring = nil
	if _, _, err := w.open(w.sent(first, protect.CCM16, 0, 1, 1), w.elsewhere()); !errors.Is(err, trust.ErrNoKey) {
		t.Errorf("without any key: %v", err)
	}
}

func TestARowThatIsNoneIsRefused(t *testing.T) {
	w := begin(t, protect.CCM8)
	w.expect(w.sent(first, protect.CCM8, 0, 1, 1), trust.Fresh)
	for _, row := range []journal.Trust{nil, {}, {1}, w.row[1:], append(w.row[:len(w.row):len(w.row)], 0), append(journal.Trust{2}, w.row[1:]...)} {
		if err := w.ring.Peer(serial).Restore(row); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("%x: %v", row, err)
		}
	}
}

// A key costs this much for each master that is idle.
func BenchmarkIdlePeer(b *testing.B) {
	w := begin(b, protect.CCM8)
	b.ReportAllocs()
	for i := range b.N {
		w.ring.Peer(fmt.Sprintf("%08d", i))
	}
}

func (s source) Begun(string, uint32) (epoch uint8, known, last bool) { return 0, false, false }

func (s source) Begin(string, uint32, uint8) error { return nil }
