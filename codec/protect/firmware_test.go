//go:build firmware

package protect_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trama/codec/protect"
)

const firmware = "../../docs/firmware"

// buildC compiles docs/firmware/test.c and what it tests.
func buildC(t *testing.T, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "test")
	args := append(strings.Fields("-std=c99 -Wall -Wextra -Wpedantic -Werror"), flags...)
	for _, file := range []string{"trama.c", "aes.c", "test.c"} {
		args = append(args, filepath.Join(firmware, file))
	}
	if out, err := exec.Command("gcc", append(args, "-o", program)...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

// The C file for firmware passes its own tests, built small and built with checks at run time, and warns of nothing.
func TestTheFirmwareInCPassesItsOwnTests(t *testing.T) {
	for name, flags := range map[string][]string{
		"small":   {"-Os"},
		"checked": {"-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out, err := exec.Command(buildC(t, flags...), filepath.Join(firmware, "golden.txt")).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// dialogue asks a program, one line for one line.
type dialogue struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func start(t *testing.T, name string, args ...string) *dialogue {
	t.Helper()
	command := exec.Command(name, args...)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, said.String())
		}
	})
	return &dialogue{in: in, out: bufio.NewScanner(out)}
}

func (d *dialogue) ask(t *testing.T, line string) string {
	t.Helper()
	if _, err := fmt.Fprintln(d.in, line); err != nil {
		t.Fatal(err)
	}
	if !d.out.Scan() {
		t.Fatalf("no answer to %s", line)
	}
	return d.out.Text()
}

// way is a random frame and what it goes under.
type way struct {
	protect.Protection
	layout *protect.Layout
	plain  []byte
}

func random(r *rand.Rand) way {
	suites := []protect.Suite{protect.None, protect.Auth24, protect.Enc24, protect.CCM8, protect.CCM16}
	w := way{layout: extended}
	if r.IntN(2) == 0 {
		w.layout = compact
	}
	w.Suite, w.Epoch, w.Server = suites[r.IntN(len(suites))], uint8(r.IntN(64)), r.IntN(2) == 0
	w.Counter = r.Uint32() >> r.IntN(32)
	fill(r, w.Key[:])
	if w.Suite != protect.Enc24 && r.IntN(3) == 0 {
		w.Challenge, w.Epoch = make([]byte, 16), 0
		fill(r, w.Challenge)
	}
	if w.Suite == protect.None || w.Suite == protect.Auth24 && w.Challenge == nil {
		w.Counter = 0
	}
	w.plain = make([]byte, w.layout.Header+r.IntN(w.layout.Max-w.layout.Header+1))
	fill(r, w.plain[w.layout.Command+1:])
	for at := 7; at < w.layout.Command; at++ {
		w.plain[at] = byte(r.IntN(10)<<4 | r.IntN(10))
	}
	w.plain[w.layout.Command] = "aAmMxX"[r.IntN(6)]
	n := len(w.plain) - 7
	w.plain[0], w.plain[1], w.plain[2] = byte(n/1000<<4|n/100%10), byte(n/10%10<<4|n%10), 1
	if answers := w.layout.Answers[0]; w.Server != answers[w.plain[w.layout.Command]] {
		w.Reference = make([]byte, w.Suite.ReferenceBytes())
		fill(r, w.Reference)
	}
	return w
}

func fill(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

func digitsOr(b []byte) string {
	if len(b) == 0 {
		return "-"
	}
	return hex.EncodeToString(b)
}

// line asks for the frame to be protected, or opened.
func (w way) line(verb string, frame, reference []byte) string {
	profile, sender := "extended", 0
	if w.layout == compact {
		profile = "compact"
	}
	if w.Server {
		sender = 1
	}
	return fmt.Sprintf("%s %v %s %x %d %d %s %d %x %s", verb, w.Suite, profile, w.Key.Bytes(), sender, w.Epoch,
		digitsOr(w.Challenge), w.Counter, frame, digitsOr(reference))
}

// The gateway, the C file and the Python file were written apart: of the same frame they make the same bytes, each opens what
// the others made, and none opens it with a bit changed.
func TestThreeImplementationsMakeAndOpenTheSameFrames(t *testing.T) {
	others := map[string]*dialogue{
		"C":      start(t, buildC(t, "-O2"), "lines"),
		"Python": start(t, "python3", filepath.Join(firmware, "trama.py"), "lines"),
	}
	r := rand.New(rand.NewPCG(10, 2026))
	var refused, total int
	for i := range 1500 {
		w := random(r)
		frame, err := w.layout.Protect(nil, w.plain, &w.Protection)
		if err != nil {
			t.Fatal(err)
		}
		o := &protect.Opening{Key: w.Key, Epoch: w.Epoch, Counter: w.Counter, Server: w.Server, Challenge: w.Challenge}
		opened, err := w.layout.Open(nil, frame, o)
		if err != nil || !bytes.Equal(opened.Plain, w.plain) || !bytes.Equal(opened.Reference, w.Reference) {
			t.Fatalf("frame %d, %s: %v, %x", i, w.line("seal", w.plain, w.Reference), err, opened.Plain)
		}
		own := digitsOr(opened.ReferenceTo())
		whole := append(bytes.Clone(w.plain), w.Reference...)
		whole[0], whole[1] = byte((len(whole)-7)/1000<<4|(len(whole)-7)/100%10), byte((len(whole)-7)/10%10<<4|(len(whole)-7)%10)
		bad := bytes.Clone(frame)
		bit := r.IntN(8 * len(bad))
		bad[bit/8] ^= 1 << (bit % 8)
		if bit/8 < 4 || bit/8 > 6 {
			repair(bad)
		}
		_, goError := w.layout.Open(nil, bad, o)
		for name, other := range others {
			if got, want := other.ask(t, w.line("seal", w.plain, w.Reference)), fmt.Sprintf("%x %d %s", frame, w.Counter, own); got != want {
				t.Fatalf("frame %d, %s makes\n%s, the gateway\n%s\nof %s", i, name, got, want, w.line("seal", w.plain, w.Reference))
			}
			if got, want := other.ask(t, w.line("open", frame, nil)), fmt.Sprintf("%x %d %s", whole, w.Counter, own); got != want {
				t.Fatalf("frame %d, %s opens\n%s, the gateway\n%s\nof %s", i, name, got, want, w.line("open", frame, nil))
			}
			if w.Suite == protect.None {
				continue // its checksum is no protection
			}
			total++
			if got := other.ask(t, w.line("open", bad, nil)); got == "refused" && goError != nil {
				refused++
			} else {
				t.Errorf("frame %d, bit %d changed: %s says %s, the gateway %v", i, bit, name, got, goError)
			}
		}
	}
	if refused != total || total < 1000 {
		t.Errorf("%d of %d damaged frames refused", refused, total)
	}
}

// repair makes the CRC of a changed frame of suite 20 or 21 right again.
func repair(frame []byte) {
	if frame[3]&0xf0 != 0x20 {
		return
	}
	copy(frame[4:], []byte{0, 0, 0})
	crc := uint32(0xb704ce)
	for _, b := range frame {
		crc ^= uint32(b) << 16
		for range 8 {
			crc <<= 1
			if crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	frame[4], frame[5], frame[6] = byte(crc>>16), byte(crc>>8), byte(crc)
}
