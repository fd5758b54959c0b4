package main

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/cmd/trama/internal/explain"
)

// published are the frames of the corpus of package codec.
type published struct {
	Profile string
	Frames  []struct{ ID, Direction, Hex string }
	Refused []struct{ ID, Hex string }
	Streams []struct {
		ID             string
		Chunks, Frames []string
	}
}

func publishedFrames(t *testing.T) (out []published) {
	t.Helper()
	files, _ := filepath.Glob("../../codec/testdata/corpus/*.json")
	if len(files) == 0 {
		t.Fatal("no corpus")
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var p published
		if err := json.Unmarshal(src, &p); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// explained runs the command and fails unless each byte is accounted for exactly once.
func explained(t *testing.T, code int, text string, args ...string) explain.Report {
	t.Helper()
	got := command(t, text, append([]string{"explain", "--json", "-"}, args...)...)
	if got.code != code || got.stderr != "" {
		t.Fatalf("%s %v: exit code %d\n%s%s", text, args, got.code, got.stdout, got.stderr)
	}
	var r explain.Report
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
		t.Fatal(err)
	}
	var bytes strings.Builder
	at := 0
	for _, p := range r.Pieces {
		if p.Offset != at {
			t.Fatalf("a piece begins at %d, the one before ends at %d\n%s", p.Offset, at, got.stdout)
		}
		for _, s := range p.Spans {
			if !s.Owns {
				continue
			}
			if s.Offset != at {
				t.Fatalf("%s %s begins at %d, the one before ends at %d\n%s", s.Kind, s.Path, s.Offset, at, got.stdout)
			}
			at += s.Length
			bytes.WriteString(s.Bytes)
		}
		if at != p.Offset+p.Length {
			t.Fatalf("the spans of the piece at %d end at %d, it ends at %d\n%s", p.Offset, at, p.Offset+p.Length, got.stdout)
		}
	}
	if bytes.String() != strings.ToLower(text) || at != r.Bytes {
		t.Fatalf("%s was explained as %s", text, bytes.String())
	}
	return r
}

func TestExplainAccountsForEveryByteOfThePublishedFrames(t *testing.T) {
	for _, c := range publishedFrames(t) {
		for _, g := range c.Frames {
			r := explained(t, exitDone, g.Hex, "--profile", c.Profile, "--direction", g.Direction)
			if len(r.Pieces) != 1 || r.Pieces[0].Kind != "frame" || r.Pieces[0].Direction != g.Direction || r.Pieces[0].Fault != nil {
				t.Errorf("%s: %+v", g.ID, r.Pieces)
			}
		}
		for _, g := range c.Refused {
			if g.Hex == "" {
				continue
			}
			r := explained(t, exitFailed, g.Hex, "--profile", c.Profile)
			for _, p := range r.Pieces {
				if p.Kind == "refused" && (p.Fault == nil || p.Fault.Error == "") {
					t.Errorf("%s: %+v", g.ID, p)
				}
			}
		}
		for _, s := range c.Streams {
			text := strings.Join(s.Chunks, "")
			got := command(t, text, "explain", "-", "--json", "--profile", c.Profile)
			r := explained(t, got.code, text, "--profile", c.Profile)
			var frames []string
			for _, p := range r.Pieces {
				if p.Kind == "frame" {
					frames = append(frames, strings.ToLower(text)[2*p.Offset:2*(p.Offset+p.Length)])
				}
			}
			if strings.Join(frames, " ") != strings.Join(s.Frames, " ") {
				t.Errorf("%s: %s, want %s", s.ID, frames, s.Frames)
			}
		}
	}
}

func TestExplainNamesTheWrongChecksumOfADamagedFrame(t *testing.T) {
	damaged, named := 0, 0
	for _, c := range publishedFrames(t) {
		for _, g := range c.Frames {
			raw := fromHex(t, g.Hex)
			good := explained(t, exitDone, g.Hex, "--profile", c.Profile, "--direction", g.Direction)
			if len(good.Pieces[0].Checks) == 0 {
				continue
			}
			for at := 0; at < len(raw); at += max(1, len(raw)/5) {
				flipped := append([]byte(nil), raw...)
				flipped[at] ^= 0x04
				r := explained(t, exitFailed, hex.EncodeToString(flipped), "--profile", c.Profile, "--direction", g.Direction)
				damaged++
				for _, p := range r.Pieces {
					for _, check := range p.Checks {
						if check.OK {
							continue
						}
						if check.Found == check.Computed || check.Algorithm == "" || check.From > at && check.To < at {
							t.Errorf("%s: %+v", g.ID, check)
						}
						named++
					}
				}
			}
		}
	}
	// The others hit what says how the bytes are to be read: marks, lengths, kinds.
	if named*10 < damaged*7 {
		t.Errorf("of %d damaged frames %d are said to have a wrong checksum", damaged, named)
	}
	t.Logf("%d damaged frames, %d wrong checksums named", damaged, named)
}

func TestExplainWithoutAProfileFindsTheOneOfThePublishedFrames(t *testing.T) {
	found, frames := 0, 0
	for _, c := range publishedFrames(t) {
		for i, g := range c.Frames {
			if i%4 != 0 { // all of them take long: every profile is tried
				continue
			}
			frames++
			r := explained(t, exitDone, g.Hex)
			if len(r.Candidates) == 0 || !strings.HasPrefix(r.Candidates[0].Verdict, "fits") {
				t.Fatalf("%s: %+v", g.ID, r.Candidates)
			}
			if r.Profile == c.Profile {
				found++
				continue
			}
			own := false
			for _, candidate := range r.Candidates {
				own = own || candidate.Profile == c.Profile && candidate.Verdict == r.Candidates[0].Verdict
			}
			if !own {
				t.Errorf("%s of %s is said to be %s: %+v", g.ID, c.Profile, r.Profile, r.Candidates)
			}
		}
	}
	t.Logf("%d of %d frames", found, frames)
}

func TestExplainSaysWhatStandsWhere(t *testing.T) {
	const frame = "0103027fffd834"
	got := command(t, "", "explain", "--profile", "modbus-rtu", "0x01:03 02", "7f ff", "D8-34")
	want := `frame 1, bytes 0-6: modbus-rtu registers, uplink, accepted, checksum ok
  0  01     unit        1
  1  03     func        3
            function    3      (follows from other fields)
  2  02     byte_count  2
            registers
  3  7f ff    [0]       32767  point registers/0
  5  d8 34  crc         34d8   crc-16/modbus over bytes 0-4: ok
`
	if got.code != exitDone || got.stdout != want {
		t.Errorf("%d\n%s%s", got.code, got.stdout, got.stderr)
	}
	command(t, "", "explain", "-p", "modbus-rtu", "0103027ffed834").want(t, exitFailed,
		"refused, bytes 0-6", "wrong at byte 5, crc", "crc-16/modbus over bytes 0-4: WRONG, found 34d8, computed f419")
	command(t, "", "explain", "-p", "modbus-rtu", frame, frame, "010302").want(t, exitFailed,
		"frame 1, bytes 0-6", "frame 2, bytes 7-13", "incomplete, bytes 14-16", "over bytes 7-11: ok", "2 frames, 3 bytes of an incomplete frame")
	command(t, "", "explain", "-p", "compact", "ff 0008010000000012345678 01026b00 00080100").want(t, exitFailed,
		"noise, byte 0", "frame 1, bytes 1-15", "incomplete, bytes 16-19: compact, uplink, 11 bytes are missing")
	command(t, "", "explain", "-p", "extended", "0025010000000012345f7801").want(t, exitFailed,
		"wrong at byte 7, SD: not a decimal digit: 5f in 12345f78", "SD          HERE: not a decimal digit", "not read")
	command(t, "", "explain", "-p", "../../codec/testdata/bits-packed.good.toml", "a52005 0001f1 01 010f 0000").want(t, exitFailed,
		"3  00 01 f1  id       31   (20 bits)", "             kind     1    (4 bits)", "7  01 0f       [0]    1.6  (12 bits)",
		"wrong at byte 8: not the constant value: found 15 in the bits up to the next byte, expected 0")
}

func TestExplainTakesBytesFromEverywhere(t *testing.T) {
	const frame = "0103027fffd834"
	dir := t.TempDir()
	text, raw := filepath.Join(dir, "frames.txt"), filepath.Join(dir, "frames.bin")
	if err := os.WriteFile(text, []byte("# a poll\n01 03 02\n7f,ff;d8 34\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(raw, fromHex(t, frame), 0o600); err != nil {
		t.Fatal(err)
	}
	want := command(t, "", "explain", "-p", "modbus-rtu", frame).stdout
	for _, got := range []result{
		command(t, frame+"\n", "explain", "-p", "modbus-rtu", "-"),
		command(t, "", "explain", "-p", "modbus-rtu", "@"+text),
		command(t, "", "explain", "-p", "modbus-rtu", "--raw", "@"+raw),
		command(t, string(fromHex(t, frame)), "explain", "-p", "modbus-rtu", "--raw", "-"),
	} {
		if got.code != exitDone || got.stdout != want {
			t.Errorf("%d\n%s%s", got.code, got.stdout, got.stderr)
		}
	}
	for _, c := range []struct {
		says string
		args []string
	}{
		{`found 'z' at character 4`, []string{"01 zz"}},
		{"an odd number of digits", []string{"012"}},
		{"no such file", []string{"@" + filepath.Join(dir, "none")}},
		{"frames.bin: not hexadecimal", []string{"@" + raw}},
		{"no bytes", []string{"-"}},
		{"no bytes", []string{"--raw", "-"}},
		{"--raw: found bytes on the command line", []string{"--raw", "01"}},
		{`--color: found "red", expected one of auto, always, never`, []string{"--color", "red", "01"}},
		{`--direction: found "up"`, []string{"--direction", "up", "01"}},
		{"HEX is missing", nil},
	} {
		command(t, "", append([]string{"explain"}, c.args...)...).want(t, exitUsage, c.says)
	}
}

func TestExplainColoursOnlyWhenAsked(t *testing.T) {
	const frame = "0103027fffd834"
	t.Setenv("NO_COLOR", "")
	for _, c := range []struct {
		args    []string
		colours bool
	}{
		{nil, false}, // not a terminal
		{[]string{"--color", "never"}, false},
		{[]string{"--color=always"}, true},
	} {
		got := command(t, "", append([]string{"explain", "-p", "modbus-rtu", frame}, c.args...)...)
		if strings.Contains(got.stdout, "\x1b[") != c.colours || got.code != exitDone {
			t.Errorf("%v: %q", c.args, got.stdout)
		}
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	for env, want := range map[string]bool{"": true, "1": false} {
		t.Setenv("NO_COLOR", env)
		t.Setenv("TERM", "xterm")
		e := explainer{app: &app{stdout: terminal}, colour: "auto"}
		if got, err := e.coloured(e.colour); got.Colour != want || err != nil {
			t.Errorf("NO_COLOR=%q on a terminal: %v %v", env, got, err)
		}
	}
}

func TestExplainWithoutAProfileSaysWhichFit(t *testing.T) {
	command(t, "", "explain", "0103027fffd834").want(t, exitDone, "modbus-rtu accepts these bytes", "fits, verified by checksum", "frame 1, bytes 0-6: modbus-rtu registers")
	command(t, "", "explain", "0103027ffed834").want(t, exitFailed, "no known profile accepts all of these bytes; modbus-rtu fits best", "WRONG")
	dir := t.TempDir()
	own := strings.Replace(definition(t, "compact"), `"compact"`, `"mine"`, 1)
	for name, text := range map[string]string{"mine.toml": own, "config.toml": "[[listener]]\nname = \"one\"\naddress = \"127.0.0.1:0\"\nprofile = \"mine.toml\"\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command(t, "", "explain", "000801000000001234567801026b00", "--config", filepath.Join(dir, "config.toml")).want(t, exitDone,
		"ambiguous: 4 ways", "compact", "mine", "fits, without a checksum")
}
