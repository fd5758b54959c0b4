package keys

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"trama/codec/protect"
)

// DefaultSuite protects the frames of a master whose key file names none.
const DefaultSuite = protect.CCM8

// Entry is what is known of one master's key.  The zero value is none.
type Entry struct {
	Key      protect.Key
	Next     protect.Key // while Rotating: accepted beside Key until a frame proves it
	Suite    protect.Suite
	Rotating bool
	Rotated  bool // a rotation has brought Key; it began when Key was made
	Fixed    bool // it is a systemd credential: nobody changes it here

	created, nextCreated uint32 // seconds since 1970
}

// Created is when the key was made; zero when its file does not say.
func (e *Entry) Created() time.Time { return moment(e.created) }

// NextCreated is when the rotation began; zero when there is none.
func (e *Entry) NextCreated() time.Time { return moment(e.nextCreated) }

// Newest is the key that the device is to have in the end.
func (e *Entry) Newest() protect.Key {
	if e.Rotating {
		return e.Next
	}
	return e.Key
}

func moment(seconds uint32) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// file is an entry as it stands in SERIAL.key.
type file struct {
	Key         string    `toml:"key"`
	Suite       string    `toml:"suite"`
	Created     time.Time `toml:"created"`
	Next        string    `toml:"next"`
	NextCreated time.Time `toml:"next_created"`
	Rotated     bool      `toml:"rotated"`
}

// Parse reads the text of a key file, in a directory of keys or outside.  The error says nothing of the text but key names
// that are ours.
func Parse(text string) (*Entry, error) {
	var f file
	e := new(Entry)
	meta, err := toml.Decode(text, &f)
	if err != nil {
		where := ""
		if bad := new(toml.ParseError); errors.As(err, bad) {
			where = fmt.Sprintf("line %d: ", bad.Position.Line)
		}
		return new(Entry), errors.New(where + `found what is no key file, expected lines such as key = "32 hex digits"`)
	}
	if len(meta.Undecoded()) > 0 {
		return new(Entry), errors.New("found an unknown key, expected key, suite, created, next, next_created, rotated")
	}
	if e.Key, err = protect.ParseKey(f.Key); err != nil {
		return new(Entry), fmt.Errorf("key: %w", err)
	}
	e.Suite = DefaultSuite
	if f.Suite != "" {
		if e.Suite, err = protect.ParseSuite(f.Suite); err != nil || e.Suite == 0 {
			return new(Entry), errors.New(`suite: expected "10", "11", "20" or "21"`)
		}
	}
	if e.Rotating = f.Next != ""; e.Rotating {
		if e.Next, err = protect.ParseKey(f.Next); err != nil {
			return new(Entry), fmt.Errorf("next: %w", err)
		}
		e.nextCreated = seconds(f.NextCreated)
	}
	e.created, e.Rotated = seconds(f.Created), f.Rotated
	return e, nil
}

func seconds(t time.Time) uint32 {
	if t.IsZero() || t.Unix() <= 0 || t.Unix() > 1<<32-1 {
		return 0
	}
	return uint32(t.Unix())
}

// text is what Parse reads.
func (e *Entry) text() []byte {
	var b strings.Builder
	line := func(name, value string) { _, _ = fmt.Fprintf(&b, "%s = %s\n", name, value) } // it cannot fail
	line("key", strconv.Quote(hex.EncodeToString(e.Key.Bytes())))
	line("suite", strconv.Quote(e.Suite.String()))
	if e.created != 0 {
		line("created", e.Created().Format(time.RFC3339))
	}
	if e.Rotated {
		line("rotated", "true")
	}
	if e.Rotating {
		line("next", strconv.Quote(hex.EncodeToString(e.Next.Bytes())))
		if e.nextCreated != 0 {
			line("next_created", e.NextCreated().Format(time.RFC3339))
		}
	}
	return []byte(b.String())
}

// serialDigits is the size of a serial of the profiles that have a [security] table.
const serialDigits = 8

// number is a serial as it is kept.
func number(serial string) (n uint32, ok bool) {
	if len(serial) != serialDigits {
		return 0, false
	}
	for _, c := range []byte(serial) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + uint32(c-'0')
	}
	return n, true
}

func serialOf(n uint32) string { return fmt.Sprintf("%0*d", serialDigits, n) }

// CheckSerial refuses what is no serial of a device with a key.  The error does not repeat it: it may be a key in the
// wrong place.
func CheckSerial(serial string) error {
	if _, ok := number(serial); !ok {
		return fmt.Errorf("serial: found %d characters, expected %d digits", len(serial), serialDigits)
	}
	return nil
}
