package keys_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"trama/keys"
)

func TestEpochsThatHaveBegunOutliveTheDaemon(t *testing.T) {
	dir := folder(t)
	began := func(s *keys.Store, serial string, key uint32, want string) {
		t.Helper()
		epoch, known, last := s.Begun(serial, key)
		if got := fmt.Sprintf("%d %v %v", epoch, known, last); got != want {
			t.Errorf("%s, key %d: %s, want %s", serial, key, got, want)
		}
	}
	s := open(t, dir)
	hold, err := s.Hold()
	must(t, err)
	must(t, s.Begin("12345678", 1, 3))
	must(t, s.Begin("12345678", 1, 4))
	must(t, s.Begin("12345678", 2, 0))
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			if err := s.Begin(fmt.Sprintf("%08d", n), 7, uint8(n%64)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	must(t, hold.Close())

	file := filepath.Join(dir, "epochs")
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, append(text, "12345678 0000"...), 0o600)) // a loss of power
	s = open(t, dir)
	hold, err = s.Hold()
	must(t, err)
	began(s, "12345678", 1, "4 true false")
	began(s, "12345678", 2, "0 true true")
	began(s, "12345678", 3, "0 false false")
	for n := range 200 {
		began(s, fmt.Sprintf("%08d", n), 7, fmt.Sprint(n%64, true, true))
	}
	must(t, s.Begin("12345678", 1, 1)) // it comes back
	began(s, "12345678", 1, "4 true true")
	began(s, "12345678", 2, "0 true false")
	must(t, hold.Close())

	must(t, os.WriteFile(file, []byte("12345678 00000001 3\nnonsense\n"), 0o600))
	if _, err := open(t, dir).Hold(); err == nil || !strings.Contains(err.Error(), "epochs, line 2: expected serial, key and epoch") {
		t.Errorf("a line that is none: %v", err)
	}
}
