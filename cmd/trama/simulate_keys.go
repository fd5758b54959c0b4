package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"trama/codec/protect"
	"trama/fleet"
	"trama/keys"
)

// simulateKeys are the flags of a simulated fleet whose devices have keys.
type simulateKeys struct {
	dir, suite, state string
	mixed             bool
}

func (k *simulateKeys) flags(c *cobra.Command, o *fleet.Options) {
	f := c.Flags()
	f.StringVar(&k.dir, "key-dir", "", "`directory` of the keys of the devices (trama keys add); their frames are protected then")
	f.StringVar(&k.suite, "suite", "", "`suite` of the frames (default: that of each key)")
	f.StringVar(&k.state, "state", "", "`file` in which the devices keep their counters, so that none is used twice (default: state in the directory of the keys)")
	f.BoolVar(&k.mixed, "mixed", false, "with --key-dir: masters that have no key there take part, and speak unprotected")
	f.IntVar(&o.EpochFrames, "epoch-frames", 0, "frames of a device after which it begins a new epoch; 0 as many as are allowed")
}

// equip gives the devices of a fleet their keys.
func (k *simulateKeys) equip(o *fleet.Options) error {
	if k.dir == "" {
		if k.suite != "" || k.state != "" || k.mixed || o.EpochFrames != 0 {
			return errors.New("--suite, --state, --mixed and --epoch-frames are of devices with keys: expected --key-dir")
		}
		return nil
	}
	var suite protect.Suite
	if k.suite != "" {
		var err error
		if suite, err = protect.ParseSuite(k.suite); err != nil || suite == protect.None {
			return fmt.Errorf("--suite: found %.20q, expected 10, 11, 20 or 21", k.suite)
		}
	}
	if err := noCoreDump(); err != nil {
		return err
	}
	store, err := keys.Open(k.dir)
	if err != nil {
		return err
	}
	if o.Memory = k.state; o.Memory == "" {
		o.Memory = filepath.Join(k.dir, "state")
	}
	o.Key = func(serial string) (protect.Key, protect.Suite, error) {
		e, has := store.Key(serial)
		if !has && k.mixed {
			return protect.Key{}, protect.None, nil
		}
		if !has {
			return protect.Key{}, protect.None, fmt.Errorf("%w in %s: trama keys add --key-dir %s --generate %s, or --mixed: it speaks unprotected",
				keys.ErrNoKey, k.dir, k.dir, serial)
		}
		if suite == protect.None {
			return e.Newest(), e.Suite, nil
		}
		return e.Newest(), suite, nil
	}
	return nil
}
