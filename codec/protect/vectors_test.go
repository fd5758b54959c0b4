package protect

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	pion "github.com/pion/dtls/v3/pkg/crypto/ccm"
)

// rows reads a file of vectors: a line each, fields in hexadecimal between blanks.
func rows(t *testing.T, file string) (out [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			out = append(out, strings.Split(strings.TrimSuffix(line, "\n"), " "))
		}
	}
	return out
}

func raw(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sealed and opened are CCM as others write it: the tag behind the text.
func (c *ccm) sealed(nonce, data, text []byte) []byte {
	out := bytes.Clone(text)
	return append(out, c.run(new(scratch), nonce, data, out, false)...)
}

func (c *ccm) opened(nonce, data, sealed []byte) (text []byte, ok bool) {
	text = bytes.Clone(sealed[:len(sealed)-c.tag])
	return text, bytes.Equal(c.run(new(scratch), nonce, data, text, true), sealed[len(text):])
}

func TestCCMIsThatOfRFC3610(t *testing.T) {
	all := rows(t, "rfc3610.txt")
	for i, row := range all {
		size, _ := strconv.Atoi(row[0])
		c := &ccm{expand((*Key)(raw(t, row[1]))), size}
		nonce, data, text, sealed := raw(t, row[2]), raw(t, row[3]), raw(t, row[4]), raw(t, row[5])
		if got := c.sealed(nonce, data, text); !bytes.Equal(got, sealed) {
			t.Errorf("vector %d: sealed %x, want %x", i+1, got, sealed)
		}
		if got, ok := c.opened(nonce, data, sealed); !ok || !bytes.Equal(got, text) {
			t.Errorf("vector %d: opened %x %v, want %x", i+1, got, ok, text)
		}
	}
	if len(all) != 24 {
		t.Errorf("%d vectors", len(all))
	}
}

func TestCCMIsThatOfALibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 400 {
		key, nonce, data, text := make([]byte, 16), make([]byte, 7+n%7), make([]byte, r.IntN(40)), make([]byte, r.IntN(120))
		for _, b := range [][]byte{key, nonce, data, text} {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
		}
		size := 4 + 2*(n%7)
		theirs, err := pion.NewCCM(expand((*Key)(key)), size, len(nonce))
		if err != nil {
			t.Fatal(err)
		}
		ours := &ccm{expand((*Key)(key)), size}
		if got, want := ours.sealed(nonce, data, text), theirs.Seal(nil, nonce, text, data); !bytes.Equal(got, want) {
			t.Fatalf("%d: %x, want %x", n, got, want)
		}
	}
}

func TestCMACIsThatOfRFC4493(t *testing.T) {
	all := rows(t, "rfc4493.txt")
	for i, row := range all {
		if got := newCMAC(expand((*Key)(raw(t, row[0])))).sum(new(scratch), raw(t, row[2])); hex.EncodeToString(got) != row[1] {
			t.Errorf("vector %d: %x, want %s", i+1, got, row[1])
		}
	}
	if len(all) != 4 {
		t.Errorf("%d vectors", len(all))
	}
}

func TestTheCRCIsThatOfOpenPGP(t *testing.T) {
	for n := range 9 { // in every way to take four bytes at a time
		if got := crc24(crc24(crcStart, []byte("123456789")[:n]), []byte("123456789")[n:]); got != 0x21cf02 {
			t.Errorf("%06x", got)
		}
	}
}

// wycheproof is a file of Project Wycheproof.
type wycheproof struct {
	TestGroups []struct {
		TagSize int
		Tests   []struct {
			TcID                               int
			Key, IV, Aad, Msg, Ct, Tag, Result string
		}
	}
}

// vectors reads a file of the directory that TRAMA_VECTORS names; without it the test is passed over.
func vectors(t *testing.T, file string) (w wycheproof) {
	t.Helper()
	dir := os.Getenv("TRAMA_VECTORS")
	if dir == "" {
		t.Skip("TRAMA_VECTORS names no directory with the vectors of Project Wycheproof")
	}
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestCCMHoldsAgainstWycheproof(t *testing.T) {
	n := 0
	for _, group := range vectors(t, "aes_ccm_test.json").TestGroups {
		for _, v := range group.Tests {
			size, nonce := group.TagSize/8, raw(t, v.IV)
			block, err := aes.NewCipher(raw(t, v.Key))
			if err != nil || len(nonce) < 7 || len(nonce) > 13 || size < 4 || size%2 > 0 {
				continue // CCM has no such sizes
			}
			n++
			c := &ccm{block, size}
			data, text, sealed := raw(t, v.Aad), raw(t, v.Msg), raw(t, v.Ct+v.Tag)
			got, ok := c.opened(nonce, data, sealed)
			if want := v.Result != "invalid"; ok != want || ok && !bytes.Equal(got, text) {
				t.Errorf("%d: opened %v, %s", v.TcID, ok, v.Result)
			}
			if again := c.sealed(nonce, data, text); v.Result != "invalid" && !bytes.Equal(again, sealed) {
				t.Errorf("%d: sealed %x, want %x", v.TcID, again, sealed)
			}
		}
	}
	if t.Logf("%d vectors", n); n != 486 {
		t.Errorf("%d vectors, want 486", n)
	}
}

func TestCMACHoldsAgainstWycheproof(t *testing.T) {
	n := 0
	for _, group := range vectors(t, "aes_cmac_test.json").TestGroups {
		for _, v := range group.Tests {
			block, err := aes.NewCipher(raw(t, v.Key))
			if err != nil {
				continue // AES has no such key
			}
			n++
			got := newCMAC(block).sum(new(scratch), raw(t, v.Msg))[:group.TagSize/8]
			if ok := hex.EncodeToString(got) == v.Tag; ok != (v.Result != "invalid") {
				t.Errorf("%d: %v, %s", v.TcID, ok, v.Result)
			}
		}
	}
	if t.Logf("%d vectors", n); n != 306 {
		t.Errorf("%d vectors, want 306", n)
	}
}

func TestKeyWrapIsThatOfRFC3394(t *testing.T) { // section 4.1
	by, key := Key(raw(t, "000102030405060708090a0b0c0d0e0f")), Key(raw(t, "00112233445566778899aabbccddeeff"))
	wrapped := WrapKey(&by, &key)
	if got := hex.EncodeToString(wrapped); got != "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5" {
		t.Errorf("wrapped %s", got)
	}
	if back, err := UnwrapKey(&by, wrapped); back != key || err != nil {
		t.Errorf("unwrapped: %v", err)
	}
	for bit := range 8 * len(wrapped) {
		wrapped[bit/8] ^= 1 << (bit % 8)
		if _, err := UnwrapKey(&by, wrapped); err != ErrUnwrap {
			t.Errorf("bit %d: %v", bit, err)
		}
		wrapped[bit/8] ^= 1 << (bit % 8)
	}
}
