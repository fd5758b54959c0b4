package access

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokenIsMadeOnceAndKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data", "admin.token")
	first, made, err := Local(file)
	if err != nil || !made || len(first) != 43 {
		t.Fatalf("first start: %q, made %v, %v", first, made, err)
	}
	again, made, err := Local(file)
	if err != nil || made || again != first {
		t.Errorf("second start: %q, made %v, %v; want the same token", again, made, err)
	}
	if mode := modeOf(t, file); mode != 0o600 {
		t.Errorf("token file has mode %04o", mode)
	}
	if mode := modeOf(t, filepath.Dir(file)); mode != 0o700 {
		t.Errorf("its directory has mode %04o", mode)
	}
	left, _ := os.ReadDir(filepath.Dir(file))
	if len(left) != 1 {
		t.Errorf("%d files beside it, want none", len(left)-1)
	}
}

func TestUnsafeTokenFileIsRefused(t *testing.T) {
	good := strings.Repeat("A", 43) + "\n"
	for name, c := range map[string]struct {
		mode    fs.FileMode
		content string
		want    string
	}{
		"group may read":  {0o640, good, "can be used by others (mode 0640)"},
		"others may read": {0o604, good, "can be used by others"},
		"empty":           {0o600, "", "holds no token"},
		"too short":       {0o600, "AAAA", "holds no token"},
		"not base64url":   {0o600, strings.Repeat("*", 43), "holds no token"},
	} {
		file := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(file, []byte(c.content), c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Local(file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestSymlinkAsTokenFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if _, _, err := Local(real); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Local(link); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("got %v", err)
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Local(filepath.Join(dir, "dangling")); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("dangling link: got %v", err)
	}
}

func modeOf(t *testing.T, file string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
