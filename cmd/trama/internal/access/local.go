package access

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tokenBytes is the length of a token before it is written as base64url.
const tokenBytes = 32

// Local returns the bearer token kept in file, making it at the first start: 32 random bytes as base64url, mode 0600, in
// a directory made with mode 0700 when there is none.  A file that others can read, or that is a symbolic link, is refused.
func Local(file string) (token string, made bool, err error) {
	token, err = ReadLocal(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, false, err
	}
	if err := makeToken(file); errors.Is(err, fs.ErrPermission) {
		return "", false, fmt.Errorf("token file %s: this user may not write into %s", file, filepath.Dir(file))
	} else if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", false, fmt.Errorf("make token file: %w", err)
	}
	token, err = ReadLocal(file) // also when another process has just made it
	return token, err == nil, err
}

// ReadLocal returns the token kept in file; the error wraps fs.ErrNotExist when there is none.
func ReadLocal(file string) (string, error) {
	content, err := readPrivate(file, "token file", ", or, when it is the daemon's own, remove it: the next start makes a new one")
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(content))
	if raw, bad := base64.RawURLEncoding.DecodeString(token); bad != nil || len(raw) < tokenBytes {
		return "", fmt.Errorf("token file %s holds no token (at least %d bytes as base64url); when it is the daemon's own, remove it: the next start makes a new one", file, tokenBytes)
	}
	return token, nil
}

// maxPrivateBytes bounds what is read of a file.
const maxPrivateBytes = 256 << 10

// readPrivate reads a plain file that only its owner can use; what names it in errors, hint is what helps beside chmod.
func readPrivate(file, what, hint string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|plainOnly, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s %s is a symbolic link; a plain file is needed", what, file)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%s %s may not be read by this user: `trama serve` has perhaps run as another one, as root (ls -l tells)", what, file)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s %s is not a plain file", what, file)
	}
	if mode := info.Mode().Perm(); modesCount && mode&0o077 != 0 {
		return nil, fmt.Errorf("%s %s can be used by others (mode %04o); chmod 600 it%s", what, file, mode, hint)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxPrivateBytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return content, nil
}

// makeToken writes a new token; it is whole under its name or not there at all, and replaces none.
func makeToken(file string) error {
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	return writePrivate(file, base64.RawURLEncoding.EncodeToString(raw)+"\n", os.Link)
}

// writePrivate writes a file of mode 0600 beside its place and then has put bring it there.
func writePrivate(file, content string, put func(from, to string) error) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".token-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(content)
	if err = errors.Join(err, likeFolder(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return put(f.Name(), file)
}
