package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trama/journal"
)

// named is a database in use, and every kind of name that leads to it.
func named(t *testing.T) (j *Journal, names map[string]string) {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	j = open(t, Options{Path: at("data/journal.db")})
	for name, make := range map[string]func(string) error{
		"file": func(name string) error { return os.Symlink(at("data/journal.db"), name) },
		"link": func(name string) error { return os.Symlink("file", name) },
		"dir":  func(name string) error { return os.Symlink("data", name) },
		"hard": func(name string) error { return os.Link(at("data/journal.db"), name) },
	} {
		if err := make(at(name)); err != nil {
			t.Fatal(err)
		}
	}
	return j, map[string]string{"its own": at("data/journal.db"), "a symbolic link": at("file"), "a link to a link": at("link"),
		"a linked directory": at("dir/journal.db"), "a detour": at("dir/../data/journal.db"), "a hard link": at("hard")}
}

func TestASecondProcessIsRefusedByAnyName(t *testing.T) {
	j, names := named(t)
	for _, gone := range []bool{false, true} {
		if gone { // somebody tidies up
			if err := os.Remove(j.options.Path + markSuffix); err != nil {
				t.Fatal(err)
			}
		}
		for kind, name := range names {
			if second, err := Open(t.Context(), Options{Path: name}); !errors.Is(err, ErrInUse) {
				t.Errorf("opened twice, by %s, mark removed %v: %v", kind, gone, err)
				if err == nil {
					_ = second.Close()
				}
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Path: j.options.Path})
}

// The log and the mark of a database have one place, so that what was written by one name is found by the others, and its loss too.
func TestADatabaseIsTheSameByEveryLink(t *testing.T) {
	j, names := named(t)
	delete(names, "a hard link")
	path := j.options.Path
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	s, n := &journal.Subject{Serial: "1"}, 0
	for kind, name := range names {
		j := open(t, Options{Path: name})
		if j.options.Path != path || j.Last() != uint64(n) || len(j.FoundDamaged()) > 0 {
			t.Errorf("by %s: %s, %d frames of %d, damage %v", kind, j.options.Path, j.Last(), n, j.FoundDamaged())
		}
		putFrames(t, j, s, n, 1)
		n++
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // all is lost but the mark
		t.Fatal(err)
	}
	for kind, name := range names {
		if _, err := Verify(t.Context(), name); err == nil || !strings.Contains(err.Error(), "it is no journal of trama") {
			t.Errorf("the loss is not seen by %s: %v", kind, err)
		}
	}
}

func TestFurtherNamesOfADatabaseAreTold(t *testing.T) {
	j, _ := named(t)
	path := j.options.Path
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	told := ""
	open(t, Options{Path: path, Warn: func(what string, _ ...any) { told += what }})
	if !strings.Contains(told, "hard link") {
		t.Errorf("told %q", told)
	}
}
