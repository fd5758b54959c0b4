package admin

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tokenBytes is the length of a token before it is written as base64url.
const tokenBytes = 32

// Token returns the bearer token kept in file, making it at the first start: 32 random bytes as base64url, mode 0600, in
// a directory made with mode 0700 when there is none.  A file that others can read, or that is a symbolic link, is refused.
func Token(file string) (token string, made bool, err error) {
	token, err = ReadToken(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, false, err
	}
	if err := makeToken(file); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", false, fmt.Errorf("make token file: %w", err)
	}
	token, err = ReadToken(file) // also when another process has just made it
	return token, err == nil, err
}

// ReadToken returns the token kept in file; the error wraps fs.ErrNotExist when there is none.
func ReadToken(file string) (string, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ELOOP) {
		return "", fmt.Errorf("token file %s is a symbolic link; a plain file is needed", file)
	}
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("token file %s is not a plain file", file)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("token file %s can be used by others (mode %04o); chmod 600 it, or remove it and a new one is made at the next start", file, mode)
	}
	content := make([]byte, 4096)
	n, err := f.Read(content)
	token := strings.TrimSpace(string(content[:n]))
	if raw, bad := base64.RawURLEncoding.DecodeString(token); bad != nil || len(raw) < tokenBytes {
		return "", fmt.Errorf("token file %s holds no token (at least %d bytes as base64url); remove it and a new one is made at the next start", file, tokenBytes)
	}
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	return token, nil
}

// makeToken writes a new token; it is whole under its name or not there at all.
func makeToken(file string) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".token-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(base64.RawURLEncoding.EncodeToString(raw) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), file)
}
