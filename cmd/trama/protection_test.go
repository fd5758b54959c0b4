package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	digitsOfKey = "11111111111111111111111111111111"
	plainFrame  = "00250100000000123456780102036d0020261123143000000000070041ac0000"
	suite20     = "00380120f92f1d123456780300000007f77f931cddd811fc8fb7a2c1569b51323fc56a8023deb26c2f11c8c150"
	suite10     = "002501100df11a123456780102036d0020261123143000000000070041ac0000"
	ackOf20     = "004101203011d8123456788300000009fba2eab69cb4e688c3d24cb86f297ac423d4a3553f76c08084d25b90a9f3ec1b"
)

// keyFiles writes a key as digits, and as a file of the key directory in a rotation to it.
func keyFiles(t *testing.T) (digits, rotation string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"digits":       digitsOfKey + "\n",
		"12345678.key": "key = \"00000000000000000000000000000000\"\nnext = \"" + digitsOfKey + "\"\nsuite = \"21\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "digits"), filepath.Join(dir, "12345678.key")
}

func TestFramesAreProtectedAndOpenedOnTheCommandLine(t *testing.T) {
	digits, rotation := keyFiles(t)
	measurement := []string{"m", "SD=12345678", "RFC=1", "SC=2", "CC=3", "TS=20261123143000", "NUT=7", "AL=0", "MS=21.5"}
	encode := func(flags ...string) string {
		t.Helper()
		got := command(t, "", append(append([]string{"encode", "-p", "extended"}, flags...), measurement...)...)
		if got.code != exitDone {
			t.Fatalf("%v: %s", flags, got.stderr)
		}
		return strings.TrimSpace(got.stdout)
	}
	if got := encode("--key", digits, "--suite", "20", "--epoch", "3", "--counter", "7"); got != suite20 {
		t.Errorf("suite 20: %s", got)
	}
	if got := encode("--key", digits, "--suite", "10", "--epoch", "3"); got != suite10 {
		t.Errorf("suite 10: %s", got)
	}
	if got := encode("--key", rotation); got[6:8] != "21" {
		t.Errorf("the suite of the key file: %s", got)
	}
	command(t, "", append([]string{"encode", "-p", "extended", "--key", digits}, measurement...)...).want(t, exitDone, "epoch 0 is taken", "counter 0 is taken")
	ack := command(t, "", "encode", "-p", "extended", "--key", digits, "--epoch", "3", "--counter", "9", "--reference", "00000007deb26c2f",
		"acknowledgement", "SD=12345678", "RFC=1", "SC=2", "CC=3", "TS=20261123143001", "NUT=7", "C=m")
	if strings.TrimSpace(ack.stdout) != ackOf20 {
		t.Errorf("acknowledgement: %s%s", ack.stdout, ack.stderr)
	}

	for _, key := range []string{digits, rotation} {
		got := command(t, "", "decode", "-p", "extended", "--json", "--key", key, suite20)
		var object struct{ Protection json.RawMessage }
		if err := json.Unmarshal([]byte(got.stdout), &object); err != nil || string(object.Protection) != `{"suite":"20","epoch":3,"counter":7,"from":"master"}` {
			t.Errorf("%s: %v %s", got.stdout, err, got.stderr)
		}
		back := command(t, got.stdout, "encode", "-p", "extended", "--from-json", "-")
		if strings.TrimSpace(back.stdout) != plainFrame {
			t.Errorf("%s%s", back.stdout, back.stderr)
		}
		back.want(t, exitDone, "its frame was protected, and this one is plain")
		again := command(t, got.stdout, "encode", "-p", "extended", "--from-json", "-", "--key", digits)
		if strings.TrimSpace(again.stdout) != suite20 || again.stderr != "" {
			t.Errorf("%s%s", again.stdout, again.stderr)
		}
	}
	command(t, "", "decode", "-p", "extended", "--key", digits, suite20+plainFrame+ackOf20).want(t, exitDone,
		"protected by suite 20 (CCM-8), epoch 3, counter 7", "acknowledgement from server", "counter 9")
	command(t, "", "decode", "-p", "extended", "--key", digits, "--epoch", "3", suite10).want(t, exitDone, "suite 10 (AUTH-24)", "21.5")
	conn := []string{"--suite", "21", "--challenge", "000102030405060708090a0b0c0d0e0f"}
	command(t, "", append([]string{"decode", "-p", "extended", "--key", digits, encode(append(conn, "--key", digits)...)}, conn[2:]...)...).want(t, exitDone, "suite 21")

	if got := encode("--suite", "00"); got[8:14] == "000000" {
		t.Errorf("a checksum alone: %s", got)
	} else {
		command(t, "", "decode", "-p", "extended", got).want(t, exitDone, "suite 00")
	}
}

func TestWhatAKeyDoesNotOpenIsSaidAndTheKeyIsNot(t *testing.T) {
	digits, _ := keyFiles(t)
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("deadbeefdeadbeefdeadbeefdeadbe"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("deadbeefdeadbeefdeadbeefdeadbeef"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"decode", "-p", "extended", suite20}, exitFailed, "protected by suite 20 (CCM-8): --key shows what is in it"},
		{[]string{"decode", "-p", "extended", "--key", other, suite20}, exitFailed, "wrong tag"},
		{[]string{"decode", "-p", "extended", "--key", wrong, suite20}, exitUsage, "--key"},
		{[]string{"decode", "-p", "extended", "--key", wrong + "none", suite20}, exitUsage, "no such file"},
		{[]string{"decode", "-p", "extended", "--key", "deadbeefdeadbeefdeadbeefdeadbeef", suite20}, exitUsage, "--key: the file cannot be read: no such file"},
		{[]string{"explain", "-p", "extended", "--key", "deadbeefdeadbeefdeadbeefdeadbeef", suite20}, exitUsage, "--key: the file cannot be read: no such file"},
		{[]string{"encode", "-p", "extended", "--key", "deadbeefdeadbeefdeadbeefdeadbeef", "k", "SD=1"}, exitUsage, "--key: the file cannot be read: no such file"},
		{[]string{"decode", "-p", "extended", "--direction", "uplink", "--key", digits, ackOf20}, exitFailed, "not one from a master"},
		{[]string{"decode", "-p", "extended", "--challenge", "00", suite20}, exitUsage, "16 bytes"},
		{[]string{"encode", "-p", "extended", "--suite", "20", "k", "SD=1", "RFC=1", "SC=2", "CC=3", "NUT=7"}, exitUsage, "it needs --key FILE"},
		{[]string{"encode", "-p", "extended", "--key", digits, "--suite", "30", "k", "SD=1", "RFC=1", "SC=2", "CC=3", "NUT=7"}, exitUsage, "no suite"},
		{[]string{"encode", "-p", "extended", "--key", digits, "--epoch", "64", "k", "SD=1", "RFC=1", "SC=2", "CC=3", "NUT=7"}, exitUsage, "0 to 63"},
		{[]string{"encode", "-p", "gt06", "--key", digits, "--from-json", "-"}, exitUsage, ""},
	} {
		got := command(t, "", c.args...)
		got.want(t, c.code, c.says)
		for _, secret := range []string{"deadbeef", "1111111111111111"} {
			if strings.Contains(got.stdout+got.stderr, secret) {
				t.Errorf("%v shows a key: %s%s", c.args, got.stdout, got.stderr)
			}
		}
	}
}

func TestExplainShowsProtectedFrames(t *testing.T) {
	digits, _ := keyFiles(t)
	const header = `   0  00 38                    ML   38        bytes behind I
   2  01                       PV   1         version
   3  20                       TE   20        suite CCM-8
   4  f9 2f 1d                 I    f92f1d    CRC-24: right
   7  12 34 56 78              SD   12345678  serial
  11  03                       SC   03        from the master, epoch 3
  12  00 00 00 07              IC   7         counter
  16  f7 7f 93 1c dd d8 11 fc                 encrypted
`
	command(t, "", "explain", "-p", "extended", suite20).want(t, exitFailed,
		"protected, bytes 0-44: extended, from 12345678\n  its command and values are hidden; --key shows them\n"+header, "tag: not checked, no key is given")
	command(t, "", "explain", "-p", "extended", "--key", digits, suite20).want(t, exitDone,
		"frame 1, bytes 0-44: extended measurement, uplink, accepted, protected by suite 20", header, "tag: right",
		"an answer to it carries reference 00000007deb26c2f", "plain frame, 32 bytes:", "28  41 ac 00 00           MS   21.5")
	command(t, "", "explain", "-p", "extended", "--key", digits, ackOf20).want(t, exitDone, "it answers the frame of reference 00000007deb26c2f")
	command(t, "", "explain", "-p", "extended", "--key", digits, "--epoch", "4", suite10).want(t, exitFailed,
		"3  10                       TE  10        suite AUTH-24", "tag: WRONG: it is forged, or under another key", "it is not hidden, but only --key proves it")
	command(t, "", "explain", suite20[:len(suite20)-2]+"51", suite20).want(t, exitFailed, "a protected frame", "CRC-24 over bytes 0-44: WRONG",
		"0 frames, 1 protected, 1 refused")
	command(t, "", "explain", "--key", digits, suite20).want(t, exitDone, "extended accepts these bytes", "tag: right", "MS   21.5")
	for _, flags := range [][]string{{}, {"-p", "extended"}} {
		damaged := command(t, "", append([]string{"explain", "--key", digits, suite20[:len(suite20)-2] + "51"}, flags...)...)
		if damaged.want(t, exitFailed, "tag: not checked, the checksum is wrong"); strings.Contains(damaged.stdout, "no key is given") {
			t.Error(damaged.stdout)
		}
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("22222222222222222222222222222222"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := command(t, "", "explain", "-p", "extended", "--key", other, suite20)
	if wrong.want(t, exitFailed, "stay hidden: the key does not open it", "tag: WRONG"); strings.Contains(wrong.stdout, "--key shows") {
		t.Error(wrong.stdout)
	}
	command(t, "", "explain", "-p", "extended", suite20[:40]).want(t, exitFailed, "incomplete, bytes 0-19: extended, 25 bytes are missing")
	got := command(t, "", "explain", "-p", "extended", "--json", "--key", digits, suite20)
	got.want(t, exitDone, `"suite": "20"`, `"plain": "`+plainFrame+`"`, `"title": "tag: right"`)
}
