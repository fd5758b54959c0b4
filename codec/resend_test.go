package codec_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"trama/codec"
)

func decoded(t *testing.T, p *codec.Profile, text string) *codec.Frame {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	f := new(codec.Frame)
	if err := p.Decode(codec.Uplink, raw, f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAResendHasThePrintOfItsFrame(t *testing.T) {
	p, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Resend(); !r.Numbered || r.Session || r.Within != 24*time.Hour {
		t.Errorf("extended: %+v", r)
	}
	const frame = "00250100000000123456780102036d0020261123143000000000070041ac0000"
	number, content, ok := p.Print(decoded(t, p, frame))
	again, same, _ := p.Print(decoded(t, p, frame))
	if !ok || number != 7 || again != 7 || content != same {
		t.Errorf("print %d %x, again %d %x, ok %v", number, content, again, same, ok)
	}
	if n, other, _ := p.Print(decoded(t, p, frame[:len(frame)-2]+"01")); n != 7 || other == content {
		t.Errorf("another value has print %d %x", n, other)
	}
	if _, _, ok := p.Print(decoded(t, p, "002001000000001234567801020341002026112314300000000021")); ok {
		t.Error("an answer, which carries the server's number, has a print")
	}
}

func TestFramesWithoutNumbersAreRecognisedByContentIfMeasured(t *testing.T) {
	p, err := codec.Shipped("compact")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := p.Print(decoded(t, p, "0013010000000012345678010273000041ac0000")); !ok {
		t.Error("a measurement has no print")
	}
	if _, _, ok := p.Print(decoded(t, p, "000801000000001234567801026b00")); ok {
		t.Error("a keep-alive has a print: the next one would be taken for its resend")
	}
}

func TestRecordsThatSayTheirTimeAreRecognisedByContent(t *testing.T) {
	const records = "000000000000004308020000016b40d57b480100000000000000000000000000000001010101000000000000016b40d5c198010000000000000000000000000000000101010101000000020000252c"
	p := fresh(t, "teltonika")
	if r := p.Resend(); r.Numbered || r.Within != 24*time.Hour {
		t.Errorf("%+v", r)
	}
	_, first, ok := p.Print(decoded(t, p, records))
	_, again, _ := p.Print(decoded(t, p, records))
	f := decoded(t, p, records)
	if err := p.Set(f, "records[1].timestamp_ms", "2026-11-30T12:00:00Z"); err != nil {
		t.Fatal(err)
	}
	if _, other, _ := p.Print(f); !ok || first != again || first == other {
		t.Errorf("%x, again %x, of another time %x, %v", first, again, other, ok)
	}
	if r := fresh(t, "hj212").Resend(); r.Within != 24*time.Hour {
		t.Errorf("hj212: %+v", r)
	}
}

func TestIgnoredFieldsMayDifferInAResend(t *testing.T) {
	src, _ := codec.ShippedSource("extended")
	p, err := codec.Compile("mine.toml", bytes.Replace(src, []byte("[resend]"), []byte("[resend]\nignore = [\"TS\"]"), 1))
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := p.Print(decoded(t, p, "00250100000000123456780102036d0020261123143000000000070041ac0000"))
	_, later, _ := p.Print(decoded(t, p, "00250100000000123456780102036d0020261123143500000000070041ac0000"))
	_, other, _ := p.Print(decoded(t, p, "00250100000000123456780102036d0020261123143000000000070041ac0001"))
	if first != later || first == other {
		t.Errorf("prints %x %x %x", first, later, other)
	}
}

func TestAProfileCompilesAgainFromItsSources(t *testing.T) {
	for _, name := range codec.ShippedNames() {
		p, err := codec.Shipped(name)
		if err != nil {
			t.Fatal(err)
		}
		again, err := codec.CompileSources(p.Sources())
		if err != nil || again.Hash() != p.Hash() {
			t.Errorf("%s: %v, hash %x, was %x", name, err, again.Hash(), p.Hash())
		}
	}
	rtu, _ := codec.Shipped("modbus-rtu")
	if len(rtu.Sources()) != 2 {
		t.Errorf("modbus-rtu has %d sources, want the definition and the part it includes", len(rtu.Sources()))
	}
}

// A number counts wherever it stands, in a list too.
func TestANumberInAListTellsResends(t *testing.T) {
	p := compiled(t, `
name = "listed"
[frame]
header = [{ key = "n", type = "byte", max = 4 }]
[[message]]
name    = "m"
from    = "master"
purpose = "measurement"
fields  = [{ key = "l", type = "list", count = "n", fields = [{ key = "no", type = "uint16", role = "transaction" }] }]
`)
	if r := p.Resend(); !r.Numbered || r.Within != 24*time.Hour {
		t.Errorf("%+v", r)
	}
	if number, _, ok := p.Print(decoded(t, p, "01 0008")); !ok || number != 8 {
		t.Errorf("number %d, %t", number, ok)
	}
}
