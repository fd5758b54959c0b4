package codec_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/explain"
	"trama/codec/protect"
)

// dump writes a trace as tests compare it.
func dump(t *explain.Trace) string {
	var b strings.Builder
	name := "?"
	if t.Message != nil {
		name = t.Message.Name
	}
	fmt.Fprintf(&b, "%s %s %s", t.Outcome, name, t.Direction)
	if t.Outcome == explain.Incomplete {
		fmt.Fprintf(&b, " missing %d %v", t.Missing, t.Exact)
	}
	if t.Fault != nil {
		fmt.Fprintf(&b, " %v", t.Fault)
	}
	b.WriteByte('\n')
	for i := range t.Spans {
		s := &t.Spans[i]
		fmt.Fprintf(&b, "%s%3d %-10x %s %s", strings.Repeat("  ", s.Depth), s.Off, t.Raw[s.Off:s.Off+s.Len], s.Kind, s.Path)
		if s.Item.Field != nil && s.Kind == explain.SpanField {
			fmt.Fprintf(&b, " = %s", s.Item.Text())
		}
		if s.Plain != nil {
			fmt.Fprintf(&b, " plain %x", s.Plain)
		}
		if c := s.Check; c != nil {
			fmt.Fprintf(&b, " %s %d-%d %v", c.Algorithm, c.From, c.To-1, c.OK())
		}
		if s.Wrong != nil {
			fmt.Fprintf(&b, " !! %v", s.Wrong)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// accounted fails unless the spans own each byte exactly once, in order.
func accounted(t *testing.T, tr *explain.Trace) {
	t.Helper()
	at := 0
	for i := range tr.Spans {
		s := &tr.Spans[i]
		if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(tr.Raw) {
			t.Fatalf("%s %s is outside: %d+%d\n%s", s.Kind, s.Path, s.Off, s.Len, dump(tr))
		}
		if !s.Owns() {
			continue
		}
		if s.Off != at {
			t.Fatalf("%s %s begins at %d, the one before ends at %d\n%s", s.Kind, s.Path, s.Off, at, dump(tr))
		}
		at += s.Len
	}
	if at != len(tr.Raw) {
		t.Fatalf("the spans end at %d of %d\n%s", at, len(tr.Raw), dump(tr))
	}
}

func TestTraceAccountsForEveryByteOfThePublishedFrames(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		for _, g := range c.Frames {
			t.Run(g.ID, func(t *testing.T) {
				raw := unhex(t, g.Hex)
				for _, d := range []codec.Direction{directionOf(g.Direction), codec.Any} {
					tr := explain.Frame(p, d, raw)
					accounted(t, tr)
					if tr.Outcome != explain.Accepted {
						t.Fatal(dump(tr))
					}
					var f codec.Frame
					if err := p.Decode(d, raw, &f); err != nil {
						t.Fatal(err)
					}
					sameFields(t, tr, &f)
					if p.HasChecksum() && slices.ContainsFunc(f.Message().Fields, func(f *codec.Field) bool { return f.Algorithm != "" }) && !tr.HasChecks() {
						t.Errorf("no checksum was looked at\n%s", dump(tr))
					}
				}
			})
		}
	}
}

// sameFields compares the fields of a trace with those of a decoded frame.
func sameFields(t *testing.T, tr *explain.Trace, f *codec.Frame) {
	t.Helper()
	items := f.Items()
	if tr.Message != f.Message() || tr.Direction != f.Direction() {
		t.Errorf("it is %s, decoded %s %s", dump(tr), f.Message().Name, f.Direction())
	}
	for i := range tr.Spans {
		s := &tr.Spans[i]
		if s.Kind != explain.SpanField && s.Kind != explain.SpanGroup {
			continue
		}
		if len(items) == 0 {
			t.Fatalf("%s is one too many\n%s", s.Path, dump(tr))
		}
		it := items[0]
		items = items[1:]
		if it.Field != s.Field || it.Text() != s.Item.Text() || it.Depth != s.Depth {
			t.Errorf("%s is %s, decoded %s = %s", s.Path, s.Item.Text(), it.Field.Key, it.Text())
		}
		if s.Field.Key != "" && s.Depth == 0 {
			if found, ok := f.Item(s.Path); !ok || found.Text() != s.Item.Text() {
				t.Errorf("%s is not where it says", s.Path)
			}
		}
	}
	if len(items) > 0 {
		t.Errorf("%s is not shown\n%s", items[0].Field.Key, dump(tr))
	}
}

func TestTraceTellsRefusedFramesFromThoseThatMayStillCome(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		for _, g := range c.Refused {
			raw := unhex(t, g.Hex)
			tr := explain.Frame(p, codec.Any, raw)
			accounted(t, tr)
			if g.Waits != (tr.Outcome == explain.Incomplete) || tr.Outcome == explain.Accepted {
				t.Errorf("%s: %s", g.ID, dump(tr))
			}
		}
	}
}

func TestTraceNamesTheWrongChecksumOfADamagedFrame(t *testing.T) {
	for _, c := range corpora(t) {
		p := shipped(t, c.Profile)
		for _, g := range c.Frames {
			t.Run(g.ID, func(t *testing.T) {
				d, raw := directionOf(g.Direction), unhex(t, g.Hex)
				checked := explain.Frame(p, d, raw).HasChecks()
				named := 0
				flipped := 0
				for bit := 0; bit < len(raw)*8; bit += max(5, len(raw)/4) {
					flipped++
					damaged := slices.Clone(raw)
					damaged[bit/8] ^= 1 << (bit % 8)
					tr := explain.Frame(p, d, damaged)
					accounted(t, tr)
					var f codec.Frame
					err := p.Decode(d, damaged, &f)
					if (err == nil) != (tr.Outcome == explain.Accepted) {
						t.Fatalf("bit %d: decoding says %v\n%s", bit, err, dump(tr))
					}
					if tr.Outcome == explain.Refused && (tr.Fault == nil || tr.Fault.Error() == "" || errors.Unwrap(tr.Fault) == nil) {
						t.Fatalf("bit %d: it does not say why\n%s", bit, dump(tr))
					}
					if slices.ContainsFunc(tr.Checks, func(c *explain.Check) bool { return !c.OK() }) {
						named++
					}
				}
				if checked && named < flipped/2 {
					t.Errorf("only %d of %d flipped bits are seen as a wrong checksum", named, flipped)
				}
			})
		}
	}
}

func TestTraceShowsEscapesMarksAndBlocks(t *testing.T) {
	for _, c := range []struct{ profile, hex, want string }{
		{"jt808", "7e0002000012345678901200 7d02 7d027e", `
refused heartbeat uplink jt808 heartbeat: checksum at byte 14: checksum is wrong: found 7e, computed f6
  0 7e         mark 
  1 0002       field msg_id = 2
  3 0000       field props = 0
  5            field version_flag = 0
  5            field subpackage = 0
  5            field encrypt = 0
  5            field body_len = 0
  5 123456789012 field phone = 123456789012
 11 007d02     field msg_serial = 126 plain 007e
 14 7d02       field checksum = 126 plain 7e xor8 1-13 false
 16 7e         mark 
`},
		{"jt808", "7e0002000012345678901200 7d02", `
incomplete heartbeat uplink missing 2 false
  0 7e         mark 
  1 0002       field msg_id = 2
  3 0000       field props = 0
  5            field version_flag = 0
  5            field subpackage = 0
  5            field encrypt = 0
  5            field body_len = 0
  5 123456789012 field phone = 123456789012
 11 007d02     field msg_serial = 126 plain 007e
 14            partial checksum
`},
		{"dnp3-link", "0564 17 c4 0100 0004 9ff6 c0c3013c02063c03063c04063c0106c0 0000 c0c0 ffff", `
refused command downlink dnp3-link command: header_crc at byte 8: checksum is wrong: found f69f, computed f387
  0 0564       field start = 0564
  2 17         field length = 23
  3 c4         field control = 196
  4            field dir = 1
  4            field prm = 1
  4            field fcb = 0
  4            field fcv_dfc = 0
  4            field func = 4
  4 0100       field dest = 1
  6 0004       field src = 1024
  8 9ff6       field header_crc = 63135 crc-16/dnp 0-7 false
 10 c0c3013c02063c03063c04063c0106c00000c0c0ffff group user_data
   10 c0         field user_data.transport = 192
   11            field user_data.transport_fin = 1
   11            field user_data.transport_fir = 1
   11            field user_data.transport_seq = 0
   11 c3         field user_data.app_control = 195
   12 01         field user_data.app_func = 1
   13 3c02063c03063c04063c0106c0 field user_data.objects = 3c02063c03063c04063c0106c0c0c0
   26 0000       block-checksum  crc-16/dnp 10-25 false
   28 c0c0       continued user_data.objects
   30 ffff       block-checksum  crc-16/dnp 28-29 false
 32            field asked = 3
`},
	} {
		got := "\n" + dump(explain.Frame(shipped(t, c.profile), codec.Any, unhex(t, strings.ReplaceAll(c.hex, " ", ""))))
		if got != c.want {
			t.Errorf("%s %s: got%swant%s", c.profile, c.hex, got, c.want)
		}
	}
}

func TestTracePointsToACommandThatNobodyKnows(t *testing.T) {
	const text = `
name = "text"
[frame]
header = [{ key = "LEN", type = "byte" }, { key = "C", type = "ascii", size = 1, role = "command" }]
length = { field = "LEN", counts = "body" }
[[message]]
command = "a-c"
name    = "some"
[[message]]
command = "k"
name    = "one"
`
	flat, err := codec.Compile("text.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p         *codec.Profile
		hex, want string
	}{
		{flat, "0078", `text: C at byte 1: unknown command: found "x", known are "a"-"c", "k"`},
		{shipped(t, "modbus-rtu"), "016300", "modbus-rtu: func at byte 1: unknown command: found 0x63, known are 1, 2, "},
	} {
		tr := explain.Frame(c.p, codec.Uplink, unhex(t, c.hex))
		accounted(t, tr)
		if tr.Outcome != explain.Refused || !strings.HasPrefix(tr.Fault.Error(), c.want) || !errors.Is(tr.Fault, codec.ErrUnknownCommand) {
			t.Errorf("%s\nwant %s", dump(tr), c.want)
		}
	}
}

func FuzzTraceAccountsForEveryByte(f *testing.F) {
	for _, c := range corpora(f) {
		for _, g := range c.Frames {
			f.Add(c.Profile, unhex(f, g.Hex), uint8(0))
		}
	}
	f.Add("compact", []byte("\x00\x08\x01"), uint8(1))
	f.Add("extended", []byte("\x00\x25\x01\x00"), uint8(2))
	for _, name := range nativeNames {
		frames, _ := protectedFrames(f, name, protect.CCM8, protect.None, protect.Enc24)
		for _, raw := range frames {
			f.Add(name, raw, uint8(0))
			f.Add(name, append(raw[:len(raw)-1], 0), uint8(1))
		}
	}
	f.Fuzz(func(t *testing.T, profile string, raw []byte, way uint8) {
		p, err := codec.Shipped(profile)
		if err != nil || len(raw) > 512 {
			return
		}
		d := codec.Direction(way % 3)
		tr := explain.Frame(p, d, raw)
		accounted(t, tr)
		if tr.Protected != nil {
			return
		}
		var frame codec.Frame
		if err := p.Decode(d, raw, &frame); (err == nil) != (tr.Outcome == explain.Accepted) {
			t.Fatalf("decoding says %v\n%s", err, dump(tr))
		} else if err == nil {
			sameFields(t, tr, &frame)
		}
	})
}

func TestTraceAccountsForTheExamplesOfEveryDefinition(t *testing.T) {
	for _, d := range append(definitions(t, "testdata/*.good.toml"), definitions(t, "profiles/*.toml")...) {
		for _, e := range d.examples {
			var f codec.Frame
			if err := d.p.Decode(e.direction, e.frame, &f); err != nil {
				t.Fatalf("%s: %v", d.name, err)
			}
			tr := explain.Frame(d.p, e.direction, e.frame)
			accounted(t, tr)
			if tr.Outcome != explain.Accepted {
				t.Fatalf("%s: %s", d.name, dump(tr))
			}
			sameFields(t, tr, &f)
			accounted(t, explain.Frame(d.p, e.direction, e.frame[:len(e.frame)-1]))
			accounted(t, explain.Frame(d.p, e.direction, append(slices.Clone(e.frame), 0x55)))
		}
	}
}
