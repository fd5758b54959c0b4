package access

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A file of tokens that root makes while the service is stopped must be readable by the user of the service.
func TestTokensBelongToTheOwnerOfTheirFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files for others")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 41000, 41001); err != nil {
		t.Fatal(err)
	}
	tokens, err := OpenTokens(filepath.Join(dir, "tokens.toml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Add("night", Read, time.Time{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "tokens.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 41000 || s.Gid != 41001 || info.Mode().Perm() != 0o600 {
		t.Errorf("it belongs to %d:%d, mode %04o", s.Uid, s.Gid, info.Mode().Perm())
	}
}
