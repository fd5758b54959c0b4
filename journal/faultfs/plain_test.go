package faultfs

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestPlainFileLosesWhatWasNotSynced(t *testing.T) {
	d := disk(t, 1)
	p, err := d.Plain("mark")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.WriteAt([]byte("safe"), 0); err != nil {
		t.Fatal(err)
	}
	if err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	d.syncDirectory()
	if _, err := p.WriteAt([]byte("lost"), 4); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	if n, err := p.ReadAt(b, 0); n != 8 || !errors.Is(err, io.EOF) || !bytes.Equal(b[:n], []byte("safelost")) {
		t.Errorf("%d %v %q", n, err, b)
	}
	if got := closing(t, d.Crash(0)).Image()["mark"]; string(got) != "safe" {
		t.Errorf("after the power cut: %q", got)
	}
	if _, err := p.WriteAt([]byte("x"), 0); !errors.Is(err, ErrIO) {
		t.Error("without power:", err)
	}
	if err := p.Sync(); !errors.Is(err, ErrIO) {
		t.Error("without power:", err)
	}
}
