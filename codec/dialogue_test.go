package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"trama/codec"
)

func TestRolesAreReadFromTheFrame(t *testing.T) {
	f := decodeHex(t, shipped(t, "extended"), codec.Uplink, "00250100000000000012340102036d05 20261123143000 00000007 02 41ac0000")
	if got := string(f.Identity()); got != "00001234" {
		t.Errorf("identity %s", got)
	}
	if got, ok := f.Transaction(); got != 7 || !ok {
		t.Errorf("transaction %d", got)
	}
	if got, ok := f.Result(); got != 5 || !ok {
		t.Errorf("result %d", got)
	}
	if got, ok := f.Alarm(); got != 2 || !ok {
		t.Errorf("alarm %d", got)
	}
	if got, ok := f.Timestamp(); !ok || !got.Equal(time.Date(2026, 11, 23, 14, 30, 0, 0, time.Local)) {
		t.Errorf("timestamp %v", got)
	}
	if f.Command() != "m" || f.From() != codec.Master || f.Direction() != codec.Uplink || f.Message().Purpose != codec.PurposeMeasurement {
		t.Errorf("%s from %s, %s", f.Command(), f.From(), f.Direction())
	}
	compact := decodeHex(t, shipped(t, "compact"), codec.Uplink, "000801000000001234567801026b00")
	if _, ok := compact.Transaction(); ok {
		t.Error("compact has a transaction number")
	}
	if _, ok := compact.Timestamp(); ok {
		t.Error("compact has a time")
	}
	if _, ok := compact.Alarm(); ok {
		t.Error("a keep-alive has an alarm")
	}
	var empty codec.Frame
	if empty.Message() != nil || empty.Command() != "" || empty.Identity() != nil || len(empty.Items()) != 0 || empty.From() != codec.Anyone {
		t.Error("the zero frame says something")
	}
}

func TestAnIntegratorsLettersBecomeCommands(t *testing.T) {
	for _, name := range nativeNames {
		p := shipped(t, name)
		for _, letter := range []string{"a", "b", "f", "g", "h"} {
			var f codec.Frame
			if err := p.Build(&f, letter, headerValues(name)); err != nil {
				t.Fatal(err)
			}
			raw, err := p.Append(nil, &f)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Decode(codec.Uplink, raw, &f); err != nil {
				t.Fatal(err)
			}
			if got, ok := p.Forward(&f); !ok || got != strings.ToUpper(letter) || f.From() != codec.Integrator {
				t.Errorf("%s: %s from %s becomes %q", name, letter, f.From(), got)
			}
		}
		var f codec.Frame
		if err := p.Build(&f, "keep-alive", headerValues(name)); err != nil {
			t.Fatal(err)
		}
		if got, ok := p.Forward(&f); ok {
			t.Errorf("%s: a keep-alive becomes %q", name, got)
		}
	}
}

func headerValues(profile string) map[string]any {
	values := map[string]any{"SD": "12345678", "RFC": 1, "SC": 2}
	if profile == "extended" {
		values["CC"], values["TS"], values["NUT"] = 3, recordedTS, 77
	}
	return values
}

func TestAnswersAreMatched(t *testing.T) {
	extended, compact := shipped(t, "extended"), shipped(t, "compact")
	for _, test := range []struct {
		p               *codec.Profile
		request, answer string
		want            bool
		why             string
	}{
		{extended, "00200100000000123456780102034100 20261123153334 00000101", "00200100000000123456780102034100 20261123160000 00000101", true, "same letter and number"},
		{extended, "00200100000000123456780102034100 20261123153334 00000101", "00200100000000123456780102034100 20261123160000 00000102", false, "another number"},
		{extended, "00200100000000123456780102034100 20261123153334 00000101", "00200100000000123456780102034201 20261123160000 00000101", false, "another letter"},
		{extended, "00200100000000123456780102034100 20261123153334 00000007", "00250100000000123456780102036d00 20261123143000 00000007 00 41ac0000", false, "a measurement with the master's own number"},
		{extended, "00220100000000123456780102034f00 20261123153334 00000106 03 01", "00220100000000123456780102034f00 20261123153334 00000106 03 01", true, "with a body"},
		{compact, "000801000000001234567801024100", "000801000000001234567801024105", true, "same letter and sensor"},
		{compact, "000801000000001234567801024100", "000801000000001234567801034100", false, "another sensor"},
		{compact, "000801000000001234567801024100", "000801000000001234567801024200", false, "another letter"},
	} {
		request := decodeHex(t, test.p, codec.Downlink, test.request)
		answer := decodeHex(t, test.p, codec.Uplink, test.answer)
		if got := test.p.Answers(request, answer); got != test.want {
			t.Errorf("%s: %s: %v", test.p.Name(), test.why, got)
		}
		if test.p.Answers(answer, request) {
			t.Errorf("%s: %s: a command answers", test.p.Name(), test.why)
		}
	}
	var empty codec.Frame
	f := decodeHex(t, compact, codec.Uplink, "000801000000001234567801024105")
	if compact.Answers(&empty, f) || compact.Answers(f, &empty) || extended.Answers(f, f) {
		t.Error("frames of nothing or of another profile answer")
	}
}

func TestCommandsDefaultToWhatTheMasterSaidLast(t *testing.T) {
	p := shipped(t, "extended")
	now := time.Date(2026, 11, 23, 15, 33, 34, 0, time.Local)
	var session codec.Session
	var f codec.Frame
	fields := map[string]any{"SD": "12345678", "NUT": 101}
	env := codec.Env{Now: now, Session: &session}
	err := p.BuildIn(env, &f, "A", fields)
	var field *codec.FieldError
	if !errors.As(err, &field) || field.Field != "RFC" || !errors.Is(err, codec.ErrMissing) {
		t.Fatalf("before any frame: %v", err)
	}
	p.Remember(&session, decodeHex(t, p, codec.Uplink, "00250100000000123456780405066d00 20261123143000 00000007 00 41ac0000"))
	p.Remember(&session, decodeHex(t, p, codec.Uplink, "00250100000000123456780102036d00 20261123143000 00000007 00 41ac0000"))
	p.Remember(&session, decodeHex(t, p, codec.Downlink, "00200100000000123456780908074100 20261123153334 00000101")) // ours: not remembered
	if err := p.BuildIn(env, &f, "A", fields); err != nil {
		t.Fatal(err)
	}
	raw, err := p.Append(nil, &f)
	if want := "002001000000001234567801020341002026112315333400000101"; err != nil || hex.EncodeToString(raw) != want {
		t.Errorf("%x (%v), want %s", raw, err, want)
	}
	fields["SC"] = "17"
	if err := p.BuildIn(env, &f, "A", fields); err != nil {
		t.Fatal(err)
	}
	if it, _ := f.Item("SC"); it.Uint() != 17 {
		t.Errorf("a value that is given does not win: %s", it.Text())
	}
	// The memory of one protocol is not taken for that of another.
	if err := shipped(t, "compact").BuildIn(env, &f, "A", map[string]any{"SD": 1}); !errors.Is(err, codec.ErrMissing) {
		t.Errorf("another profile: %v", err)
	}
}

func TestFieldsMissingSurplusAndComputedAreRefused(t *testing.T) {
	p := shipped(t, "extended")
	for _, test := range []struct {
		command, change string
		want            error
		text            string
	}{
		{"O", "", codec.ErrMissing, "extended operate-relay: RN: missing"},
		{"O", "RN=3", codec.ErrMissing, "OP: missing"},
		{"O", "rn=3 op=1", codec.ErrUnknownField, `rn: no such field; did you mean "RN"?`},
		{"O", "RN=3 OP=1 RNN=1", codec.ErrUnknownField, `RNN: no such field; did you mean "RN"?`},
		{"O", "RN=100 OP=1", codec.ErrRange, "RN: out of range: 100, allowed 0..99"},
		{"O", "RN=3 OP=1 NUT=100000000", codec.ErrRange, "NUT: out of range: 100000000, allowed 0..99999999"},
		{"O", "RN=3 OP=1 SD=123456789", codec.ErrRange, "SD: out of range"},
		{"O", "RN=3 OP=1 TE=1", codec.ErrRange, "TE: out of range: 1, allowed 0"},
		{"O", "RN=3 OP=1 I=000001", codec.ErrConst, "I: not the constant value"},
		{"O", "RN=3 OP=1 ML=22", codec.ErrValue, "ML: value cannot be used here: it is computed"},
		{"O", "RN=3 OP=1 C=A", codec.ErrValue, "A is not a command of this message"},
		{"opeate-relay", "RN=3 OP=1", codec.ErrUnknownCommand, `did you mean "operate-relay"?`},
		{"Y", "", codec.ErrUnknownCommand, `unknown command: "Y"`},
		{"", "", codec.ErrUnknownCommand, ""},
		{"answer", "", codec.ErrMissing, "answer stands for several commands"},
	} {
		values := headerValues("extended")
		for k, v := range (golden{fields: test.change}).values() {
			values[k] = v
		}
		var f codec.Frame
		err := p.Build(&f, test.command, values)
		var field *codec.FieldError
		if !errors.As(err, &field) || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s %s: %v, want %s", test.command, test.change, err, test.text)
		}
		if _, err := p.Append(nil, &f); !errors.Is(err, codec.ErrNoMessage) {
			t.Errorf("%s %s: what failed can be encoded: %v", test.command, test.change, err)
		}
	}
	values := headerValues("extended")
	delete(values, "TS")
	if err := p.Build(new(codec.Frame), "A", values); !errors.Is(err, codec.ErrMissing) {
		t.Errorf("without a clock: %v", err)
	}
}

func TestFramesThatAreWrongAreRefusedWithPlaceAndReason(t *testing.T) {
	for _, test := range []struct {
		profile, hex string
		field        string
		offset       int
		want         error
		text         string
	}{
		{"extended", "", "ML", 0, codec.ErrShort, "0 left, 2 needed"},
		{"extended", "00250100000000123456780102036d00 202611231430", "ML", 0, codec.ErrLength, "says 25, found 15"},
		{"extended", "0025", "ML", 0, codec.ErrLength, "says 25, found 0"},
		{"extended", "00250100000000123456780102036d00 20261123143000 00000007 00 41ac00", "ML", 0, codec.ErrLength, "says 25, found 24"},
		{"extended", "002f0100000000123456780102036d00 20261123143000 00000007 00 41ac0000", "ML", 0, codec.ErrDigit, "2f in 002f"},
		{"extended", "99990100000000123456780102036d00 20261123143000 00000007 00 41ac0000", "ML", 0, codec.ErrRange, "9999, allowed 20..84"},
		{"extended", "00250101000000123456780102036d00 20261123143000 00000007 00 41ac0000", "TE", 3, codec.ErrRange, "1, allowed 0"},
		{"extended", "00250100000100123456780102036d00 20261123143000 00000007 00 41ac0000", "I", 4, codec.ErrConst, "found 000100, expected 000000"},
		{"extended", "00250100000000123456780102033100 20261123143000 00000007 00 41ac0000", "C", 14, codec.ErrRange, `found "1", expected A-Z, a-z`},
		{"extended", "00250100000000123456780102036d00 2026112314300f 00000007 00 41ac0000", "TS", 16, codec.ErrDigit, "0f in 2026112314300f"},
		{"extended", "00210100000000123456780102036d00 20261123143000 00000007 00", "", 27, codec.ErrLength, "body of 1 bytes, expected 5"},
		{"extended", "00220100000000123456780102036f00 20261123143000 00000007 0a00", "RN", 27, codec.ErrDigit, "0a"},
		{"compact", "0013010000000012345678010273000041ac000000", "ML", 0, codec.ErrLength, "says 13, found 14"},
	} {
		p := shipped(t, test.profile)
		g := golden{hex: test.hex}
		var f codec.Frame
		err := p.Decode(codec.Uplink, g.bytes(t), &f)
		var field *codec.FieldError
		if !errors.As(err, &field) {
			t.Errorf("%s: %v", test.hex, err)
			continue
		}
		if field.Field != test.field || field.Offset != test.offset || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) || field.Profile != test.profile {
			t.Errorf("%s\n%v (%s at %d)\nwant %v: %s (%s at %d)", test.hex, err, field.Field, field.Offset, test.want, test.text, test.field, test.offset)
		}
	}
}

func TestProfilesDescribeThemselves(t *testing.T) {
	p := shipped(t, "extended")
	if p.TransactionLimit() != 100_000_000 || shipped(t, "compact").TransactionLimit() != 0 {
		t.Errorf("transaction limit %d", p.TransactionLimit())
	}
	var letters []string
	for _, c := range p.DeclaredCommands() {
		m := c.Message
		letters = append(letters, m.Command)
		if m.From != codec.Server || m.Purpose != codec.PurposeCommand {
			t.Errorf("%s is a command from %s for %s", m.Name, m.From, m.Purpose)
		}
	}
	slices.Sort(letters)
	if got := strings.Join(letters, ""); got != "ABCDEFGHKOS" {
		t.Errorf("commands %s", got)
	}
	if n := p.MaxFrameBytes(); n != 27+64+29 {
		t.Errorf("largest frame %d", n)
	}
	for _, m := range p.Messages() {
		if m.Name != "operate-relay" {
			continue
		}
		var required []string
		for _, f := range m.Required {
			required = append(required, f.Key)
		}
		if got := strings.Join(required, " "); got != "SD NUT RN OP" {
			t.Errorf("required %s", got)
		}
		if m.Repeat != "never" || len(m.Fields) != 14 || m.Fields[0].Max != 84 {
			t.Errorf("%+v", m)
		}
	}
}

func TestNothingIsAllocatedOnTheHotPath(t *testing.T) {
	now := time.Date(2026, 11, 23, 15, 33, 34, 0, time.Local)
	for _, g := range goldens {
		p, raw := shipped(t, g.profile), g.bytes(t)
		split := p.Splitter(g.direction)
		var f, request codec.Frame
		var session codec.Session
		dst := make([]byte, 0, 128)
		if err := p.Decode(g.direction, raw, &request); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() {
			_, token, _ := split(raw, false)
			if p.Decode(g.direction, token, &f) != nil {
				t.Fatal("no frame")
			}
			dst, _ = p.Append(dst[:0], &f)
			dst, _, _ = p.Reply(dst[:0], &f, codec.Env{Now: now, HasResult: true})
			p.Remember(&session, &f)
			sinkID = f.Identity()
			sinkTime, sinkOK = f.Timestamp()
			_, _ = f.Transaction()
			_ = f.Command()
			_ = f.Items()
			_, _ = f.Item("RC")
			_ = p.Answers(&request, &f)
			_, _ = p.Forward(&f)
		}); n > 0 {
			t.Errorf("%s: %v allocations", g.name(), n)
		}
	}
}

// A frame is reused for whatever comes next, also of a profile of another kind: nothing of the one before is left in it.
func TestAFrameKeepsNothingOfTheOneBefore(t *testing.T) {
	station, extended := shipped(t, "sl651"), shipped(t, "extended")
	var f codec.Frame
	measurement := unhex(t, "00250100000000123456780102036d0020261123143000000000070041ac0000")
	for range 2 {
		if err := station.Decode(codec.Uplink, unhex(t, "7e7e010012345678123430002b020003591011154947f1f1001234567848f0f0591011154920190000052619000005392300000127381211150320fa"), &f); err != nil {
			t.Fatal(err)
		}
		if err := extended.Decode(codec.Uplink, measurement, &f); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.Raw(), measurement) {
			t.Errorf("raw %x, want %x", f.Raw(), measurement)
		}
		if _, content, _ := extended.Print(&f); content != xxhash.Sum64(measurement) {
			t.Errorf("content %x", content)
		}
		if it, _ := f.Item("SD"); it.Text() != "12345678" || it.Off != 7 {
			t.Errorf("SD is %s at %d", it.Text(), it.Off)
		}
	}
}

// A terminal of edition 2019 is ordered in the layout in which it speaks: a part of its word is remembered.
func TestCommandsHaveTheEditionOfTheirMaster(t *testing.T) {
	p := shipped(t, "jt808")
	for frame, want := range map[string]string{
		"7e 0002 4000 01 00000000017299841738 ffff 02 7e": "7e8201400001000000000172998417380007847e",
		"7e 0002 0000 013900000001 0017 2c 7e":            "7e820100000139000000010007bd7e",
	} {
		var session codec.Session
		heard := decodeHex(t, p, codec.Uplink, strings.ReplaceAll(frame, " ", ""))
		p.Remember(&session, heard)
		var f codec.Frame
		fields := map[string]any{"phone": string(heard.Identity()), "msg_serial": 7}
		if err := p.BuildIn(codec.Env{Session: &session}, &f, "ask-location", fields); err != nil {
			t.Fatal(err)
		}
		if raw, err := p.Append(nil, &f); err != nil || hex.EncodeToString(raw) != want {
			t.Errorf("%x (%v), want %s", raw, err, want)
		}
	}
}
