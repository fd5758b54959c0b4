package journal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"
)

func example() *Record {
	return &Record{
		Received: time.Unix(1_790_000_000, 123), Listener: "field", Connection: 77, Master: "12345678", Profile: 3, Command: "m",
		Flags: Numbered | Dated, Number: 99, Device: time.Unix(1_790_000_000, 0), Raw: []byte("frame"),
	}
}

// protected is the example as it came under suite 20.
func protected() *Record {
	r := example()
	r.Protection = Protection{Suite: 0x20, SC: 3, Counter: 7, Tag: [4]byte{0xc8, 0xc1, 0x50, 0}}
	return r
}

// polled is the protected example with samples that a poll has made.
func polled() *Record {
	r := protected()
	r.Polled = []byte("\x05level\x01m\x00\x01\x07\x00")
	return r
}

func equal(a, b *Record) bool {
	return a.Received.Equal(b.Received) && a.Listener == b.Listener && a.Connection == b.Connection && a.Master == b.Master && a.Profile == b.Profile &&
		a.Command == b.Command && a.Flags == b.Flags && a.Number == b.Number && a.Device.Equal(b.Device) && bytes.Equal(a.Historical, b.Historical) && a.Protection == b.Protection && bytes.Equal(a.Polled, b.Polled) && bytes.Equal(a.Raw, b.Raw)
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	plain := example()
	plain.Flags, plain.Number, plain.Device, plain.Master = NoReply, 0, time.Time{}, ""
	large := example()
	large.Raw = bytes.Repeat([]byte{7}, 9999)
	empty := &Record{Received: time.Unix(0, 0)}
	old := example()
	old.Flags, old.Historical = old.Flags|Historical, []byte{0, 0x81}
	var b []byte
	largest, least := protected(), &Record{Received: time.Unix(0, 0), Protection: Protection{Tag: [4]byte{3: 1}}}
	largest.Raw, largest.Historical, largest.Flags = large.Raw, old.Historical, old.Flags
	onlyPolled := example()
	onlyPolled.Polled = bytes.Repeat([]byte{1}, 4096)
	largest.Polled = onlyPolled.Polled
	all := []*Record{example(), plain, protected(), polled(), onlyPolled, large, largest, empty, least, old}
	for _, r := range all {
		b = AppendRecord(b, r)
	}
	for i, want := range all {
		var got Record
		size, err := ReadRecord(b, &got)
		if err != nil || !equal(&got, want) {
			t.Fatalf("record %d: %+v, %v, want %+v", i, got, err, want)
		}
		b = b[size:]
	}
	if len(b) > 0 {
		t.Errorf("%d bytes are left", len(b))
	}
}

func TestEveryChangedBitOfARecordIsFound(t *testing.T) {
	for _, r := range []*Record{example(), protected(), polled()} {
		testEveryChangedBit(t, AppendRecord(nil, r))
	}
}

func testEveryChangedBit(t *testing.T, good []byte) {
	for bit := range len(good) * 8 {
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		var r Record
		if _, err := ReadRecord(append(b, good...), &r); !errors.Is(err, ErrDamaged) {
			t.Errorf("bit %d of byte %d: %v", bit%8, bit/8, err)
		}
	}
	for n := range good {
		var r Record
		if size, err := ReadRecord(good[:n], &r); !errors.Is(err, ErrDamaged) || size > n {
			t.Errorf("%d bytes of %d: size %d, %v", n, len(good), size, err)
		}
	}
}

// The bytes of a record that came plain are those of before there were protected frames.
func TestRecordsAreWrittenAsEver(t *testing.T) {
	for want, r := range map[string]*Record{
		"36c40c4eaa00037b00f323845bd7184d03056669656c64083132333435363738016d630000f323845bd7186672616d65":                       example(),
		"b14f2fdcb48001037b00f323845bd7184d03056669656c64083132333435363738016d630000f323845bd718200307000000c8c150006672616d65": protected(),
	} {
		if got := hex.EncodeToString(AppendRecord(nil, r)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestBehindADamagedRecordTheNextOneIsFound(t *testing.T) {
	b := AppendRecord(AppendRecord(nil, example()), example())
	b[20] ^= 1
	var r Record
	size, err := ReadRecord(b, &r)
	if !errors.Is(err, ErrDamaged) || size != len(b)/2 {
		t.Fatal(size, err)
	}
	if _, err := ReadRecord(b[size:], &r); err != nil || !equal(&r, example()) {
		t.Error(err)
	}
}

// What is accepted is what AppendRecord makes: nothing else has the checksum and the fields.
func FuzzRecord(f *testing.F) {
	good := AppendRecord(nil, example())
	f.Add(good, uint(0), byte(0))
	f.Add(good[:9], uint(3), byte(1))
	f.Add(AppendRecord(nil, protected()), uint(5), byte(0x80))
	f.Add(AppendRecord(nil, polled()), uint(9), byte(0x40))
	f.Add(AppendRecord(nil, &Record{Received: time.Unix(0, 0), Raw: []byte{1}}), uint(7), byte(0x80))
	f.Fuzz(func(t *testing.T, b []byte, at uint, change byte) {
		var r Record
		size, err := ReadRecord(b, &r)
		if size < 0 || size > len(b) {
			t.Fatalf("size %d of %d bytes", size, len(b))
		}
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			r = *example()
			r.Raw = b[:min(len(b), 9999)]
		}
		made := AppendRecord(nil, &r)
		var again Record
		if n, err := ReadRecord(made, &again); err != nil || n != len(made) || !equal(&again, &r) {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
		if change == 0 {
			return
		}
		made[at%uint(len(made))] ^= change // up to eight bits beside each other: CRC-32C finds them all
		if _, err := ReadRecord(made, &again); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d changed by %02x is accepted: %v", at%uint(len(made)), change, err)
		}
	})
}

func TestTheTimesOfRecordsAreReadWithoutDecodingThem(t *testing.T) {
	if from, until := ReceivedWithin(nil); !from.IsZero() || !until.IsZero() {
		t.Error("nothing was received", from, until)
	}
	var b []byte
	for _, at := range []int64{30, 10, 20} {
		r := example()
		r.Received, r.Raw = time.Unix(at, 5), bytes.Repeat([]byte{7}, int(100*at))
		if at == 10 {
			r.Protection = protected().Protection
		}
		b = AppendRecord(b, r)
	}
	if from, until := ReceivedWithin(b); from != time.Unix(10, 5) || until != time.Unix(30, 5) {
		t.Error(from, until)
	}
}
