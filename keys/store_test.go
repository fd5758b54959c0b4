package keys_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trama/codec/protect"
	"trama/keys"
)

const (
	serial = "12345678"
	digits = "00112233445566778899aabbccddeeff"
)

var now = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)

func key(t *testing.T, text string) protect.Key {
	t.Helper()
	k, err := protect.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// folder makes a directory for keys.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	if err := keys.Make(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t *testing.T, dir string) *keys.Store {
	t.Helper()
	s, err := keys.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, dir, name, text string, mode fs.FileMode) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return file
}

func TestAKeyIsThereAfterARestart(t *testing.T) {
	dir := folder(t)
	s := open(t, dir)
	if err := s.Add(now, keys.New{Serial: serial, Key: key(t, digits), Suite: protect.CCM16}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*keys.Store{s, open(t, dir)} {
		e, ok := s.Key(serial)
		if !ok || e.Key != key(t, digits) || e.Suite != protect.CCM16 || !e.Created().Equal(now) || e.Rotating {
			t.Errorf("found %+v, %v", e, ok)
		}
	}
	info, err := os.Stat(filepath.Join(dir, serial+".key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the directory %v, %v", info.Mode(), err)
	}
	if err := s.Add(now, keys.New{Serial: serial, Key: keys.Generate(), Suite: protect.CCM8}); !errors.Is(err, keys.ErrHasKey) {
		t.Errorf("added twice: %v", err)
	}
	if err := s.Remove(serial); err != nil {
		t.Error(err)
	}
	for _, s := range []*keys.Store{s, open(t, dir)} {
		if _, ok := s.Key(serial); ok {
			t.Error("it is still there")
		}
	}
	if err := s.Remove(serial); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("removed twice: %v", err)
	}
}

// A directory or file that is not as it must be is refused by name, with what to do, and never with what stands in it.
func TestWhatOthersCanUseIsRefused(t *testing.T) {
	good := `key = "` + digits + `"`
	for _, test := range []struct {
		name    string
		prepare func(dir string)
		want    string
	}{
		{"a file that the group may read", func(dir string) { put(t, dir, serial+".key", good, 0o640) },
			"keys/12345678.key can be used by others (mode 0640); chmod 600 it"},
		{"a file that others may read", func(dir string) { put(t, dir, serial+".key", good, 0o604) }, "(mode 0604); chmod 600"},
		{"a directory that others may enter", func(dir string) { must(t, os.Chmod(dir, 0o701)) }, "keys can be used by others (mode 0701); chmod 700 it"},
		{"a symbolic link", func(dir string) {
			must(t, os.Symlink(put(t, t.TempDir(), "x", good, 0o600), filepath.Join(dir, serial+".key")))
		},
			"12345678.key is a symbolic link"},
		{"a pipe", func(dir string) { must(t, unix.Mkfifo(filepath.Join(dir, serial+".key"), 0o600)) }, "12345678.key is not a plain file"},
		{"a directory as file", func(dir string) { must(t, os.Mkdir(filepath.Join(dir, serial+".key"), 0o700)) }, "12345678.key is not a plain file"},
		{"a directory that is a link", func(dir string) {
			must(t, os.Remove(dir))
			must(t, os.Symlink(t.TempDir(), dir))
		}, "keys is a symbolic link or a file"},
		{"a name that is no serial", func(dir string) { put(t, dir, "1234567.key", good, 0o600) },
			"1234567.key: its name must be a serial of 8 digits and .key"},
		{"a short key", func(dir string) { put(t, dir, serial+".key", `key = "`+digits[1:]+`"`, 0o600) }, "12345678.key: key: a key is 32 hex digits, not 31"},
		{"no key", func(dir string) { put(t, dir, serial+".key", `suite = "20"`, 0o600) }, "12345678.key: key: a key is 32 hex digits, not 0"},
		{"a bare key", func(dir string) { put(t, dir, serial+".key", digits, 0o600) }, `12345678.key: line 1: found what is no key file`},
		{"a key as table", func(dir string) { put(t, dir, serial+".key", "["+digits+"]\nkey=1", 0o600) }, "12345678.key: "},
		{"a key as name", func(dir string) { put(t, dir, serial+".key", good+"\n"+digits+" = 1", 0o600) }, "found an unknown key, expected key, suite"},
		{"a suite that there is not", func(dir string) { put(t, dir, serial+".key", good+"\nsuite = \""+digits+"\"", 0o600) }, `suite: expected "10", "11", "20" or "21"`},
		{"no protection", func(dir string) { put(t, dir, serial+".key", good+"\nsuite = \"00\"", 0o600) }, `suite: expected "10"`},
		{"a next key that is none", func(dir string) { put(t, dir, serial+".key", good+"\nnext = \"x\"", 0o600) }, "next: a key is 32 hex digits"},
		{"a long file", func(dir string) { put(t, dir, serial+".key", strings.Repeat("#", 5000), 0o600) }, "has 5000 bytes"},
		{"a generation that is no number", func(dir string) { put(t, dir, "generation", digits, 0o600) }, "generation holds no number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t)
			before := open(t, dir)
			test.prepare(dir)
			_, err := keys.Open(dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %s", err, test.want)
			}
			if strings.Contains(err.Error(), digits[1:]) {
				t.Errorf("the error has the key in it: %v", err)
			}
			if _, again := before.Reload(); again == nil {
				t.Error("a reload takes it")
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesOfOthersAreRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	dir := folder(t)
	must(t, os.Chown(put(t, dir, serial+".key", `key = "`+digits+`"`, 0o600), 4321, -1))
	if _, err := keys.Open(dir); err == nil || !strings.Contains(err.Error(), "belongs to user 4321; chown it to user 0") {
		t.Errorf("error %v", err)
	}
	// What root makes in the directory of the daemon's user is the user's.
	must(t, os.Remove(filepath.Join(dir, serial+".key")))
	must(t, os.Chown(dir, 4321, 4321))
	must(t, open(t, dir).Add(now, keys.New{Serial: serial, Key: keys.Generate(), Suite: protect.CCM8}))
	var info unix.Stat_t
	must(t, unix.Stat(filepath.Join(dir, serial+".key"), &info))
	if info.Uid != 4321 || info.Gid != 4321 {
		t.Errorf("it belongs to %d:%d", info.Uid, info.Gid)
	}
}

func TestEveryProblemIsToldUpToABound(t *testing.T) {
	dir := folder(t)
	for i := range 30 {
		put(t, dir, fmt.Sprintf("%08d.key", i), "", 0o644)
	}
	_, err := keys.Open(dir)
	if lines := strings.Split(fmt.Sprint(err), "\n"); len(lines) != 21 || lines[20] != "and 10 more of that kind" {
		t.Errorf("%v", err)
	}
}

func TestAReloadIsAllOrNothing(t *testing.T) {
	dir := folder(t)
	s := open(t, dir)
	file := `key = "` + digits + `"`
	put(t, dir, "00000001.key", file, 0o600)
	put(t, dir, "00000002.key", file, 0o600)
	if c, err := s.Reload(); err != nil || fmt.Sprint(c) != "{2 2 0 0 0 0 [00000001 00000002]}" {
		t.Errorf("%+v, %v", c, err)
	}
	must(t, os.Remove(filepath.Join(dir, "00000001.key")))
	bad := put(t, dir, "00000003.key", file, 0o644)
	if _, err := s.Reload(); err == nil {
		t.Error("a file that others can read is taken")
	}
	if all := s.Serials(); !slices.Equal(all, []string{"00000001", "00000002"}) {
		t.Errorf("there are %v", all)
	}
	must(t, os.Chmod(bad, 0o600))
	put(t, dir, "00000002.key", file+"\nsuite = \"21\"", 0o600)
	if c, err := s.Reload(); err != nil || fmt.Sprint(c) != "{2 1 1 1 0 0 [00000001 00000002 00000003]}" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestANextKeyIsKeptUntilItIsProven(t *testing.T) {
	dir := folder(t)
	s, other := open(t, dir), open(t, dir)
	must(t, s.Add(now, keys.New{Serial: serial, Key: key(t, digits), Suite: protect.CCM16}))
	must(t, s.Rotate(now.Add(time.Hour), serial))
	e, _ := s.Key(serial)
	if !e.Rotating || e.Key != key(t, digits) || e.Next == e.Key || e.Newest() != e.Next || !e.NextCreated().Equal(now.Add(time.Hour)) {
		t.Fatalf("%+v", e)
	}
	if again, _ := open(t, dir).Key(serial); *again != *e {
		t.Errorf("after a restart it is %+v, was %+v", again, e)
	}
	if err := s.Rotate(now, serial); !errors.Is(err, keys.ErrRotating) {
		t.Errorf("a second rotation: %v", err)
	}
	// What was abandoned by another process is not committed.
	must(t, other.Abandon(serial))
	must(t, s.Commit(map[string]protect.Key{serial: e.Next}))
	if e, _ := s.Key(serial); e.Rotating || e.Key != key(t, digits) {
		t.Errorf("abandoned: %+v", e)
	}
	must(t, s.Rotate(now.Add(2*time.Hour), serial))
	e, _ = s.Key(serial)
	must(t, s.Commit(map[string]protect.Key{serial: e.Next}))
	must(t, s.Commit(map[string]protect.Key{serial: e.Next})) // two connections may prove it
	for _, s := range []*keys.Store{s, open(t, dir)} {
		if now, _ := s.Key(serial); now.Key != e.Next || now.Rotating || now.Suite != protect.CCM16 || !now.Created().Equal(e.NextCreated()) {
			t.Errorf("committed: %+v", now)
		}
	}
	// One that is gone, and one whose file is not as it must be, keep no other in rotation.
	must(t, s.Add(now, keys.New{Serial: "00000001", Key: key(t, digits), Suite: protect.CCM8}, keys.New{Serial: "00000002", Key: key(t, digits), Suite: protect.CCM8}))
	must(t, s.Rotate(now, "00000001", "00000002"))
	one, _ := s.Key("00000001")
	two, _ := s.Key("00000002")
	must(t, os.Chmod(filepath.Join(dir, "00000002.key"), 0o644))
	err := s.Commit(map[string]protect.Key{"00000001": one.Next, "00000002": two.Next, "00000009": two.Next})
	if now, _ := s.Key("00000001"); now.Rotating || err == nil || !strings.Contains(err.Error(), "00000002.key can be used by others") {
		t.Errorf("%+v, %v", now, err)
	}
	for _, serial := range []string{"00000001", "00000002"} {
		must(t, s.Remove(serial))
	}
	if err := s.Abandon(serial); !errors.Is(err, keys.ErrNotRotating) {
		t.Errorf("abandoned afterwards: %v", err)
	}
	for _, name := range list(t, dir) {
		if name != serial+".key" {
			t.Errorf("%s is left", name)
		}
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func TestAChangeOfManyIsAllOrNothing(t *testing.T) {
	s := open(t, folder(t))
	must(t, s.Add(now, keys.New{Serial: "00000001", Key: keys.Generate(), Suite: protect.CCM8}))
	err := s.Rotate(now, "00000001", "00000002", "3", "00000001")
	for _, part := range []string{"00000002: no key", "serial: found 1 characters, expected 8 digits", "00000001: it is named twice"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("it does not say %q: %v", part, err)
		}
	}
	if e, _ := s.Key("00000001"); e.Rotating {
		t.Error("some are changed")
	}
}

// A process that was killed while it wrote leaves the old file, and its rest does no harm.
func TestARestOfAKilledProcessDoesNoHarm(t *testing.T) {
	dir := folder(t)
	put(t, dir, "."+serial+".key.new", "half", 0o600)
	s := open(t, dir)
	must(t, s.Add(now, keys.New{Serial: serial, Key: key(t, digits), Suite: protect.CCM8}))
	if names := list(t, dir); !slices.Equal(names, []string{serial + ".key"}) {
		t.Errorf("there is %v", names)
	}
}

func TestSystemdCredentialsAreReadAndNotChanged(t *testing.T) {
	dir, credentials := folder(t), t.TempDir()
	must(t, os.Chmod(credentials, 0o500))
	t.Cleanup(func() { _ = os.Chmod(credentials, 0o700) })
	must(t, os.Chmod(credentials, 0o700))
	put(t, credentials, "keys_00000001.key", `key = "`+digits+`"`, 0o440)
	put(t, credentials, "keys_00000003.key", `key = "`+digits+`"`+"\nnext = \""+strings.Repeat("7", 32)+`"`, 0o400)
	put(t, credentials, "keys_00000002.key", `key = "`+digits+`"`, 0o400)
	put(t, credentials, "something-else", "", 0o400)
	put(t, dir, "00000002.key", `key = "`+digits+"\"\nsuite = \"21\"", 0o600)
	must(t, os.Chmod(credentials, 0o500))
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	s := open(t, dir)
	one, _ := s.Key("00000001")
	two, _ := s.Key("00000002")
	if !one.Fixed || one.Key != key(t, digits) || two.Fixed || two.Suite != protect.CCM16 {
		t.Errorf("%+v %+v", one, two)
	}
	for what, err := range map[string]error{"rotate": s.Rotate(now, "00000001"), "remove": s.Remove("00000001")} {
		if !errors.Is(err, keys.ErrFixed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	three, _ := s.Key("00000003")
	must(t, s.Commit(map[string]protect.Key{"00000003": three.Next}))
	if now, _ := s.Key("00000003"); now.Rotating || now.Key != three.Next || !now.Fixed {
		t.Errorf("committed: %+v", now)
	}
	must(t, os.Chmod(filepath.Join(credentials, "keys_00000001.key"), 0o444))
	if _, err := s.Reload(); err == nil || !strings.Contains(err.Error(), "can be used by others (mode 0444)") {
		t.Errorf("a credential that others can read: %v", err)
	}
}

func TestTheGenerationGrowsOnly(t *testing.T) {
	dir := folder(t)
	s := open(t, dir)
	if s.Generation() != 0 {
		t.Errorf("it begins with %d", s.Generation())
	}
	must(t, s.Advance(7))
	if s.Advance(7) == nil || s.Advance(3) == nil {
		t.Error("it did not grow")
	}
	if n := open(t, dir).Generation(); s.Generation() != 7 || n != 7 {
		t.Errorf("it is %d, and %d after a restart", s.Generation(), n)
	}
}

func TestNoKeyIsPrinted(t *testing.T) {
	s := open(t, folder(t))
	must(t, s.Add(now, keys.New{Serial: serial, Key: key(t, digits), Suite: protect.CCM8}))
	must(t, s.Rotate(now, serial))
	e, _ := s.Key(serial)
	for _, k := range []protect.Key{e.Key, e.Next} {
		for _, format := range []string{"%v", "%+v", "%s", "%x", "%X", "%q", "%d"} {
			text := fmt.Sprintf(format, e)
			for _, form := range []string{hex.EncodeToString(k.Bytes()), string(k.Bytes()), strings.Trim(fmt.Sprint(k.Bytes()), "[]")} {
				if strings.Contains(strings.ToLower(text), form) {
					t.Errorf("%s prints %s", format, text)
				}
			}
		}
	}
}

// A fleet of 20,000 masters is read in about a second, and its keys take less than 128 bytes each.
func TestAFleetOfKeysIsSmall(t *testing.T) {
	const fleet = 20_000
	dir := folder(t)
	one := put(t, t.TempDir(), "one", "key = \""+digits+"\"\nsuite = \"20\"\ncreated = 2026-11-30T10:00:00Z\n", 0o600)
	for i := range fleet {
		must(t, os.Link(one, filepath.Join(dir, fmt.Sprintf("%08d.key", i))))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Now()
	s := open(t, dir)
	took := time.Since(begin)
	runtime.GC()
	runtime.ReadMemStats(&after)
	perKey := int64(after.HeapAlloc-before.HeapAlloc) / fleet
	t.Logf("%d keys read in %v, %d bytes each", len(s.Serials()), took, perKey)
	if perKey > 128 {
		t.Errorf("a key takes %d bytes", perKey)
	}
}
