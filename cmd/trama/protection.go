package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"trama/codec"
	"trama/codec/protect"
	"trama/keys"
)

// protection is what the flags say of the key that frames are protected by.
type protection struct {
	file, challenge string
	epoch           uint8
	counter         uint32

	key  keys.Entry
	both []byte // halves of the challenge; nil: none
}

func (p *protection) flags(f *pflag.FlagSet, counts string) {
	f.StringVar(&p.file, "key", "", "`file` with the device key: of the key directory, or 32 hex digits")
	f.Uint8Var(&p.epoch, "epoch", 0, "epoch of the key"+counts)
	f.Uint32Var(&p.counter, "counter", 0, "counter of the frame"+counts)
	f.StringVar(&p.challenge, "challenge", "", "RS and RD in `hex`, 16 bytes: the key is that of the connection")
}

// read reads what the flags name.
func (p *protection) read() (err error) {
	if p.challenge != "" {
		if p.both, err = hex.DecodeString(p.challenge); err != nil || len(p.both) != 16 {
			return usageError{errors.New("--challenge: expected 16 bytes in hexadecimal")}
		}
	}
	if p.epoch > 63 {
		return usageError{fmt.Errorf("--epoch: found %d, expected 0 to 63", p.epoch)}
	}
	if p.file == "" {
		return nil
	}
	in, err := os.Open(p.file)
	if err != nil {
		if bad := (*fs.PathError)(nil); errors.As(err, &bad) {
			err = bad.Err // without the name: it may be a key
		}
		return usageError{fmt.Errorf("--key: the file cannot be read: %w", err)}
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, 4096))
	if err != nil {
		return fmt.Errorf("--key: %w", err)
	}
	if p.key.Key, err = protect.ParseKey(strings.Join(strings.Fields(string(text)), "")); err == nil {
		p.key.Suite = keys.DefaultSuite
	} else if e, err := keys.Parse(string(text)); err == nil {
		p.key = *e
	} else {
		return usageError{fmt.Errorf("--key %s: %w", p.file, err)} // which says nothing of the text
	}
	return nil
}

// opens calls open with what may open a frame, until one does; without a key it says so.
func (p *protection) opens(h protect.Head, open func(o *protect.Opening) error) error {
	if p.file == "" && h.Suite != protect.None {
		return fmt.Errorf("the frame of %s is protected by suite %v (%s): --key shows what is in it", h.Digits(),
			h.Suite, h.Suite.Name())
	}
	o := &protect.Opening{Key: p.key.Key, Epoch: p.epoch, Counter: p.counter, Challenge: p.both}
	if h.Suite == protect.Enc24 {
		o.Counter = h.CounterNear(p.counter)
	}
	err := open(o)
	if errors.Is(err, protect.ErrTag) && p.key.Rotating {
		o.Key = p.key.Next
		err = open(o)
	}
	if errors.Is(err, protect.ErrTag) {
		return fmt.Errorf("the frame of %s, suite %v: %w: it is forged, or under another key", h.Digits(), h.Suite, err)
	}
	return err
}

// came is what a frame came under, as JSON.
type came struct {
	Suite   protect.Suite `json:"suite"`
	Epoch   uint8         `json:"epoch"`
	Counter uint32        `json:"counter"`
	From    string        `json:"from"`
}

func cameUnder(f *codec.Frame) *came {
	o := f.Protection()
	if o == nil {
		return nil
	}
	return &came{o.Suite, o.Epoch, o.Counter, f.From().String()}
}

func (c *came) String() string {
	return fmt.Sprintf("suite %v (%s), epoch %d, counter %d", c.Suite, c.Suite.Name(), c.Epoch, c.Counter)
}
