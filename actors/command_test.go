package actors

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

type sent struct {
	result CommandResult
	err    error
}

func send(g *gateway, req CommandRequest) <-chan sent {
	out := make(chan sent, 1)
	go func() {
		r, err := g.Send(context.Background(), req)
		out <- sent{r, err}
	}()
	return out
}

func outcome(t *testing.T, c <-chan sent) sent {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(patience):
		t.Fatal("no outcome")
		return sent{}
	}
}

// online connects a master that has said k once.
func online(t *testing.T, g *gateway, serial string) *device {
	t.Helper()
	d := dial(t, g, "field")
	d.send("00200100000000" + serial + "0102036b002026112314300000000001")
	d.acknowledged(serial, "k", 1)
	return d
}

// asked reads a header-only command and returns its transaction number.
func (d *device) asked(serial, letter string) (nut string) {
	d.t.Helper()
	frame := d.receive(extendedBytes)
	if want := fmt.Sprintf("00200100000000%s010203%x00", serial, letter); !strings.HasPrefix(frame, want) {
		d.t.Fatalf("command\n got %s\nwant %s…", frame, want)
	}
	return frame[len(frame)-8:]
}

func (d *device) answer(serial, letter string, rc int, nut string) {
	d.t.Helper()
	d.send(fmt.Sprintf("00200100000000%s010203%x%02x20261123143000%s", serial, letter, rc, nut))
}

func TestCommandOutcomes(t *testing.T) {
	g := start(t, "field:extended")
	d := online(t, g, "12345678")

	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
	d.answer("12345678", "A", 0, d.asked("12345678", "A"))
	if s := outcome(t, reply); s.err != nil || s.result.Outcome != OutcomeDone || *s.result.Code != 0 {
		t.Errorf("done: %+v", s)
	}
	d.quiet() // an answer is never acknowledged

	reply = send(g, CommandRequest{Serial: "12345678", Command: "H", Wait: patience})
	d.answer("12345678", "H", 1, d.asked("12345678", "H"))
	if s := outcome(t, reply); s.err != nil || s.result.Outcome != OutcomeRefused || *s.result.Code != 1 {
		t.Errorf("refused: %+v", s)
	}

	reply = send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: 50 * time.Millisecond})
	late := d.asked("12345678", "A")
	if s := outcome(t, reply); s.err != nil || s.result.Outcome != OutcomeUnknown {
		t.Errorf("unknown: %+v", s)
	}
	reply = send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
	next := d.asked("12345678", "A")
	d.answer("12345678", "A", 1, late) // the late answer is not the next command's
	d.answer("12345678", "A", 0, next)
	if s := outcome(t, reply); s.result.Outcome != OutcomeDone {
		t.Errorf("after a late answer: %+v", s)
	}
}

func TestRelayCommandCarriesItsFields(t *testing.T) {
	g := start(t, "field:extended")
	d := online(t, g, "12345678")
	reply := send(g, CommandRequest{Serial: "12345678", Command: "O", Fields: map[string]any{"RN": "3", "OP": 1}, Wait: patience})
	frame := d.receive(29)
	if !strings.HasPrefix(frame, "002201000000001234567801020"+"34f00") || !strings.HasSuffix(frame, "0301") {
		t.Fatalf("frame %s", frame)
	}
	d.answer("12345678", "O", 0, frame[46:54])
	if s := outcome(t, reply); s.result.Outcome != OutcomeDone {
		t.Errorf("%+v", s)
	}
}

func TestCommandThatCannotBeSentIsRefusedWithTheReason(t *testing.T) {
	g := start(t, "field:extended")
	d := online(t, g, "12345678")
	for _, c := range []struct {
		name string
		req  CommandRequest
		want error
		text string
	}{
		{"unknown master", CommandRequest{Serial: "00000001", Command: "A"}, ErrUnknownMaster, "00000001"},
		{"unknown command", CommandRequest{Serial: "12345678", Command: "Q"}, ErrBadCommand, `"Q"`},
		{"not the server's", CommandRequest{Serial: "12345678", Command: "m"}, ErrBadCommand, `"m"`},
		{"missing field", CommandRequest{Serial: "12345678", Command: "O", Fields: map[string]any{"RN": 1}}, ErrBadCommand, "operation"},
		{"surplus field", CommandRequest{Serial: "12345678", Command: "A", Fields: map[string]any{"XY": 1}}, ErrBadCommand, "XY"},
		{"out of range", CommandRequest{Serial: "12345678", Command: "O", Fields: map[string]any{"RN": 100, "OP": 1}}, ErrBadCommand, "relay"},
		{"the gateway's own", CommandRequest{Serial: "12345678", Command: "A", Fields: map[string]any{"NUT": 1}}, ErrBadCommand, "NUT"},
		{"no such link", CommandRequest{Serial: "12345678", Command: "A", Listener: "compact"}, ErrUnknownListener, "known are field"},
	} {
		s := outcome(t, send(g, c.req))
		if !errors.Is(s.err, c.want) || !strings.Contains(s.err.Error(), c.text) {
			t.Errorf("%s: %v", c.name, s.err)
		}
	}
	_ = d.Close()
	await(t, "offline", func() bool { m, _ := g.Master("12345678"); return m.State == "offline" })
	if s := outcome(t, send(g, CommandRequest{Serial: "12345678", Command: "A"})); !errors.Is(s.err, ErrMasterOffline) {
		t.Errorf("offline: %v", s.err)
	}
}

func TestCommandsGoOneAfterTheOther(t *testing.T) {
	g := start(t, "field:extended")
	d := online(t, g, "12345678")
	first := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
	nut := d.asked("12345678", "A")
	expired := send(g, CommandRequest{Serial: "12345678", Command: "B", Wait: 20 * time.Millisecond})
	if s := outcome(t, expired); s.result.Outcome != OutcomeExpired {
		t.Errorf("queued: %+v", s)
	}
	second := send(g, CommandRequest{Serial: "12345678", Command: "F", Wait: patience})
	await(t, "the second waits", func() bool { m, _ := g.Master("12345678"); return m.Queued == 1 })
	d.quiet()
	d.answer("12345678", "A", 0, nut)
	d.answer("12345678", "F", 0, d.asked("12345678", "F"))
	if a, b := outcome(t, first), outcome(t, second); a.result.Outcome != OutcomeDone || b.result.Outcome != OutcomeDone {
		t.Errorf("%+v %+v", a, b)
	}
}

func TestCompactCommandIsMatchedByLetterAndSensor(t *testing.T) {
	g := start(t, "compact:compact")
	d := dial(t, g, "compact")
	d.send("0013010000000012345678010273000041ac0000")
	d.receive(15)
	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: patience})
	if got, want := d.receive(15), "000801000000001234567801024100"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	d.send("000801000000001234567801094100") // another sensor
	d.send("000801000000001234567801024200") // another letter
	d.send("000801000000001234567801024100")
	if s := outcome(t, reply); s.result.Outcome != OutcomeDone || s.result.AnswerHex != "000801000000001234567801024100" {
		t.Errorf("%+v", s)
	}
}

func TestIntegratorGetsTheMastersAnswerWithItsOwnNumber(t *testing.T) {
	g := start(t, "field:extended", "office:extended:integrator")
	d := online(t, g, "12345678")
	i := dial(t, g, "office")
	i.send("00200100000000123456780102036100" + "20261123143000" + "00004711")
	i.acknowledged("12345678", "a", 4711)
	nut := d.asked("12345678", "A")
	if nut == "00004711" {
		t.Error("the master got the integrator's number")
	}
	d.answer("12345678", "A", 0, nut)
	if got := mask(i.receive(extendedBytes)); got != header("12345678", "A", 0, 4711) {
		t.Errorf("passed on: %s", got)
	}

	i.send("00200100000000555555550102036800" + "20261123143000" + "00004712") // nobody knows it
	if got := mask(i.receive(extendedBytes)); got != header("55555555", "h", 1, 4712) {
		t.Errorf("unknown master: %s", got)
	}
	_ = d.Close()
	await(t, "offline", func() bool { m, _ := g.Master("12345678"); return m.State == "offline" })
	i.send("00200100000000123456780102036200" + "20261123143000" + "00004713")
	if got := mask(i.receive(extendedBytes)); got != header("12345678", "b", 1, 4713) {
		t.Errorf("offline master: %s", got)
	}
	i.send("00200100000000123456780102036b00" + "20261123143000" + "00004714")
	i.acknowledged("12345678", "k", 4714)
	if m, _ := g.Master("12345678"); m.State != "offline" {
		t.Error("an integrator's keep-alive brought the master online")
	}
}

func TestDrainFinishesFramesInHandAndSettlesCommands(t *testing.T) {
	g := start(t, "field:extended")
	d := online(t, g, "12345678")
	reply := send(g, CommandRequest{Serial: "12345678", Command: "A", Wait: time.Minute})
	d.asked("12345678", "A")
	d.send(measurement("12345678", 5))
	d.acknowledged("12345678", "m", 5)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	d.closed()
	if s := outcome(t, reply); s.result.Outcome != OutcomeUnknown || !strings.Contains(s.result.Detail, "may have been executed") {
		t.Errorf("%+v", s)
	}
	if err := g.Ready(); !errors.Is(err, ErrStopping) {
		t.Errorf("ready: %v", err)
	}
	if s := outcome(t, send(g, CommandRequest{Serial: "12345678", Command: "A"})); !errors.Is(s.err, ErrStopping) {
		t.Errorf("send after: %v", s.err)
	}
	if got := g.Listeners()[0].Closed["shutdown"]; got != 1 {
		t.Errorf("closed: %v", g.Listeners()[0].Closed)
	}
}

func TestSuspendedListenerRefusesDialsAndKeepsItsLinks(t *testing.T) {
	g := start(t, "field:extended")
	d := online(t, g, "12345678")
	ctx := context.Background()
	if err := g.Suspend(ctx, "field"); err != nil {
		t.Fatal(err)
	}
	if c, err := netDial(g.address("field")); err == nil {
		_ = c.Close()
		t.Error("a suspended listener takes connections")
	}
	if g.Listeners()[0].State != "suspended" || g.Ready() != nil {
		t.Errorf("state %s, ready %v", g.Listeners()[0].State, g.Ready())
	}
	d.send(measurement("12345678", 2))
	d.acknowledged("12345678", "m", 2)
	if err := g.Resume(ctx, "field"); err != nil {
		t.Fatal(err)
	}
	online(t, g, "87654321")
	if err := g.Suspend(ctx, "nowhere"); !errors.Is(err, ErrUnknownListener) {
		t.Errorf("unknown listener: %v", err)
	}
}

func TestKickClosesOneConnection(t *testing.T) {
	g := start(t, "field:extended")
	d, other := online(t, g, "12345678"), online(t, g, "87654321")
	if err := g.Kick(context.Background(), connectionOf(t, g, "12345678").ID); err != nil {
		t.Fatal(err)
	}
	d.closed()
	other.send(measurement("87654321", 2))
	other.acknowledged("87654321", "m", 2)
	if err := g.Kick(context.Background(), 1<<60); !errors.Is(err, ErrUnknownConnection) {
		t.Errorf("unknown connection: %v", err)
	}
}

func TestOneConnectionMayCarrySeveralMasters(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	var glued strings.Builder
	for i := range 40 {
		glued.WriteString(measurement(fmt.Sprintf("%08d", 30000000+i%3), i))
	}
	d.send(glued.String())
	for i := range 40 {
		d.acknowledged(fmt.Sprintf("%08d", 30000000+i%3), "m", i)
	}
	if all := g.Masters(); len(all) != 3 || all[0].Frames != 14 || all[0].State != "online" {
		t.Errorf("masters: %+v", all)
	}
	// One of them moves: the connection stays for the others.
	moved := dial(t, g, "field")
	moved.send(measurement("30000001", 99))
	moved.acknowledged("30000001", "m", 99)
	d.send(measurement("30000000", 100))
	d.acknowledged("30000000", "m", 100)
}

// TestStreamCutAnywhere sends a noisy stream in two pieces, cut at every byte.
func TestStreamCutAnywhere(t *testing.T) {
	g := start(t, "field:extended")
	noise := hex.EncodeToString([]byte("\x00\x25\x01\x00\x00ERROR\r\n\xff\x99"))
	stream, _ := hex.DecodeString(noise + measurement("12345678", 1) + noise + measurement("12345678", 2) + measurement("12345678", 3) + noise)
	for cut := 1; cut < len(stream); cut++ {
		d := dial(t, g, "field")
		d.send(hex.EncodeToString(stream[:cut]))
		d.send(hex.EncodeToString(stream[cut:]))
		for nut := 1; nut <= 3; nut++ {
			d.acknowledged("12345678", "m", nut)
		}
		_ = d.Close()
	}
}
