package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"trama/internal/words"

	"github.com/BurntSushi/toml"
)

// LocalName is the name of the token in the token file, whose role is Admin.
const LocalName = "local"

// maxTokens bounds those that are added while it runs.
const maxTokens = 256

// Errors of tokens.
var (
	ErrUnknownToken = errors.New("no such token")
	ErrExpired      = errors.New("token has expired")
	ErrTokenExists  = errors.New("there is a token of this name already")
	ErrFixedToken   = errors.New("this token is not one that was added: it is in the configuration or the token file")
	ErrBadToken     = errors.New("bad token")
)

// Token is what is kept of one.
type Token struct {
	Name    string    `toml:"name" json:"name"`
	Role    Role      `toml:"role" json:"role"`
	Hash    Hash      `toml:"hash" json:"-"`
	Expires time.Time `toml:"expires,omitempty" json:"expires,omitzero"` // zero: never
	Kept    string    `toml:"-" json:"kept"`                             // where: token file, configuration or tokens.toml
}

// Hash is the SHA-256 of a token's text.
type Hash [sha256.Size]byte

// HashOf hashes the text of a token.
func HashOf(text string) Hash { return sha256.Sum256([]byte(text)) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte("sha256:" + hex.EncodeToString(h[:])), nil }

// UnmarshalText implements encoding.TextUnmarshaler; the error does not repeat the text.
func (h *Hash) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "sha256:")
	if n, err := hex.Decode(make([]byte, len(digits)), []byte(digits)); !ok || err != nil || n != len(h) {
		return errors.New(`a hash is "sha256:" and 64 hexadecimal digits`)
	}
	_, err := hex.Decode(h[:], []byte(digits))
	return err
}

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Check refuses a token that cannot be: its name, its role or its hash is missing or wrong.
func (t Token) Check() error {
	switch {
	case !namePattern.MatchString(t.Name):
		return fmt.Errorf("%w: name %q: expected a-z 0-9 . _ -, at most 64, a letter or digit first", ErrBadToken, t.Name)
	case t.Name == LocalName:
		return fmt.Errorf("%w: the name %q is that of the token file", ErrBadToken, LocalName)
	case t.Role < Read || t.Role > Admin:
		return fmt.Errorf("%w: %s: expected a role: read, operate or admin", ErrBadToken, t.Name)
	case t.Hash == Hash{}:
		return fmt.Errorf("%w: %s: expected a hash", ErrBadToken, t.Name)
	}
	return nil
}

// Tokens are those that the daemon takes.  Any goroutine may use it.
type Tokens struct {
	file string // of those that were added

	mu    sync.RWMutex // guards the rest, and the file
	fixed []Token      // of the token file and the configuration
	added []Token
}

// OpenTokens returns the fixed tokens, and those in the file, which need not be there.
func OpenTokens(file string, fixed []Token) (*Tokens, error) {
	s := &Tokens{file: file}
	return s, s.Reload(fixed)
}

// Reload reads the file again and takes other fixed tokens; on an error everything stays as it was.
func (s *Tokens) Reload(fixed []Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	added, err := readTokens(s.file)
	if err != nil {
		return err
	}
	for _, t := range added {
		if slices.ContainsFunc(fixed, named(t.Name)) {
			return fmt.Errorf("%s: token %q is in the configuration too", s.file, t.Name)
		}
	}
	s.fixed, s.added = fixed, added
	return nil
}

func named(name string) func(Token) bool { return func(t Token) bool { return t.Name == name } }

func readTokens(file string) ([]Token, error) {
	text, err := readPrivate(file, "tokens file", "")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var content struct{ Token []Token }
	meta, err := toml.Decode(string(text), &content)
	if err == nil && len(meta.Undecoded()) > 0 {
		err = fmt.Errorf("unknown key %s", meta.Undecoded()[0])
	}
	seen := map[string]bool{}
	for i := range content.Token {
		t := &content.Token[i]
		t.Kept = filepath.Base(file)
		if err == nil {
			err = t.Check()
		}
		if err == nil && seen[t.Name] {
			err = fmt.Errorf("token %q is there twice", t.Name)
		}
		seen[t.Name] = true
	}
	if err != nil {
		return nil, fmt.Errorf("tokens file %s: %w", file, err)
	}
	return content.Token, nil
}

// Find returns the token of a text.  The time it takes does not tell which one it is, nor how near a wrong text came.
func (s *Tokens) Find(text string, now time.Time) (Token, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	hash, found := HashOf(text), Token{}
	for _, list := range [][]Token{s.fixed, s.added} {
		for i := range list {
			if subtle.ConstantTimeCompare(hash[:], list[i].Hash[:]) == 1 {
				found = list[i]
			}
		}
	}
	switch {
	case found.Name == "" || text == "":
		return Token{}, ErrUnknownToken
	case !found.Expires.IsZero() && !now.Before(found.Expires):
		return Token{}, fmt.Errorf("%s: %w on %s", found.Name, ErrExpired, found.Expires.UTC().Format(time.RFC3339))
	}
	return found, nil
}

// List returns all tokens, sorted by name.
func (s *Tokens) List() []Token {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := slices.Concat(s.fixed, s.added)
	slices.SortFunc(all, func(a, b Token) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Add makes a token and returns its text, which is kept nowhere.  expires may be zero.
func (s *Tokens) Add(name string, role Role, expires time.Time) (text string, err error) {
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	text = base64.RawURLEncoding.EncodeToString(raw)
	t := Token{Name: name, Role: role, Hash: HashOf(text), Expires: expires.UTC().Truncate(time.Second), Kept: filepath.Base(s.file)}
	if err := t.Check(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case slices.ContainsFunc(s.fixed, named(name)), slices.ContainsFunc(s.added, named(name)):
		return "", fmt.Errorf("%w: %q", ErrTokenExists, name)
	case len(s.added) >= maxTokens:
		return "", fmt.Errorf("%w: there are %d already, as many as can be", ErrBadToken, maxTokens)
	}
	return text, s.keep(append(slices.Clone(s.added), t))
}

// Revoke ends a token that was added.
func (s *Tokens) Revoke(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case slices.ContainsFunc(s.added, named(name)):
		return s.keep(slices.DeleteFunc(slices.Clone(s.added), named(name)))
	case slices.ContainsFunc(s.fixed, named(name)):
		return fmt.Errorf("%s: %w", name, ErrFixedToken)
	}
	var known []string
	for _, t := range s.added {
		known = append(known, t.Name)
	}
	return fmt.Errorf("%w: %q%s", ErrUnknownToken, name, words.Known(name, known))
}

// keep writes the file whole and then takes over what it holds.
func (s *Tokens) keep(added []Token) error {
	var text strings.Builder
	text.WriteString("# Made by `trama token add`; `trama token revoke` removes an entry.\n")
	err := toml.NewEncoder(&text).Encode(struct {
		Token []Token `toml:"token"`
	}{added})
	if err == nil {
		err = writePrivate(s.file, text.String(), os.Rename)
	}
	if err != nil {
		return fmt.Errorf("tokens file: %w", err)
	}
	s.added = added
	return nil
}
