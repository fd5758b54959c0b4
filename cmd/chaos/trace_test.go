package main

import (
	"fmt"
	"strings"
	"testing"
)

// hexed is data as strace -xx writes it.
func hexed(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, `\x%02x`, c)
	}
	return s.String()
}

func ackOf(frame []byte) []byte {
	ack := append([]byte(nil), frame[:ackBytes]...)
	copy(ack, ackSize)
	return ack
}

func TestTheOrderOfSystemCallsIsJudged(t *testing.T) {
	frame := newSender(firstSerial, 1).frame(7)
	const wal, db = "/d/journal.db-wal", "/d/journal.db"
	write := fmt.Sprintf(`pwrite64(9<%s>, "%s", 4096, 56) = 4096`, wal, hexed(append([]byte("page"), frame...)))
	sync := fmt.Sprintf(`fdatasync(9<%s>) = 0`, wal)
	ack := fmt.Sprintf(`write(5<socket:[123]>, "%s", 54) = 54`, hexed(append(ackOf(frame), ackOf(frame)...)))
	half := func(call string) (string, string) {
		name, _, _ := strings.Cut(call, "(")
		before, _, _ := strings.Cut(call, ") = ")
		return before + " <unfinished ...>", "<... " + name + ` resumed>) = 0`
	}
	syncBegins, syncEnds := half(sync)
	for _, c := range []struct {
		name  string
		lines []string // "thread call"
		early int
	}{
		{"as it should be", []string{"1 " + write, "1 " + sync, "2 " + ack}, 0},
		{"no sync", []string{"1 " + write, "2 " + ack}, 2},
		{"nothing written", []string{"1 " + sync, "2 " + ack}, 2},
		{"sync before the write", []string{"1 " + sync, "1 " + write, "2 " + ack}, 2},
		{"sync has not ended", []string{"1 " + write, "1 " + syncBegins, "2 " + ack, "1 " + syncEnds}, 2},
		{"sync began too early", []string{"3 " + syncBegins, "1 " + write, "3 " + syncEnds, "2 " + ack}, 2},
		{"sync of another file", []string{"1 " + write, "1 " + strings.Replace(sync, wal, db, 1), "2 " + ack}, 2},
		{"sync failed", []string{"1 " + write, "1 " + strings.Replace(sync, "= 0", "= -1 EIO (Input/output error) (INJECTED)", 1), "2 " + ack}, 2},
		{"synced again", []string{"1 " + strings.Replace(sync, "= 0", "= -1 EIO (Input/output error)", 1), "1 " + sync}, 1},
		{"sync beside others", []string{"1 " + write, "1 " + syncBegins, "3 " + write, "1 " + syncEnds, "2 " + ack}, 0},
	} {
		p := newProof(nil)
		for i, l := range c.lines {
			thread, call, _ := strings.Cut(l, " ")
			if err := p.line(fmt.Sprintf("%s 179000000%d.000001 %s", thread, i, call)); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		if len(p.early) != c.early {
			t.Errorf("%s: %d found, want %d: %v", c.name, len(p.early), c.early, p.early)
		}
	}
	p := newProof(map[string]int{string(frame[headAt:headEnd]): 7})
	if err := p.line("2 1790000000.5 " + ack); err != nil || len(p.early) > 0 || p.acks != 2 {
		t.Errorf("resends of frames that were safe before: %v, %v", p.early, err)
	}
}
