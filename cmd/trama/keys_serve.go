package main

import "trama/keys"

// openKeys opens the keys that [keys] of the configuration names; nil without such a table.
func (d *daemon) openKeys() (*keys.Store, error) {
	directory := d.config.Keys.Directory
	if directory == "" {
		return nil, nil
	}
	if err := noCoreDump(); err != nil {
		return nil, err
	}
	if err := keys.Make(directory); err != nil {
		return nil, err
	}
	s, err := keys.Open(directory)
	if err == nil {
		d.log.Info("keys read", "keys", len(s.Serials()), "directory", directory)
	}
	return s, err
}

// holdKeys keeps other daemons from using the directory of the keys.
func (d *daemon) holdKeys() (err error) {
	if d.keys != nil {
		d.held, err = d.keys.Hold()
	}
	return err
}

// releaseKeys lets others use it.
func (d *daemon) releaseKeys() {
	if d.held != nil {
		_ = d.held.Close() // closing it gives the lock back
	}
}
