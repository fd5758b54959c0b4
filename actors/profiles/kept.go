package profiles

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"trama/codec"
	"trama/journal"
)

// beforePoints are the definitions that were shipped before definitions named points, by the beginning of their hashes.
// A frame that was recorded then is read by the definition of that name which is shipped now.
var beforePoints = map[string]string{
	"2c30183f0f6e2d71": "compact", "9385e0d22a22f6cd": "dlt645", "7952df216fb53b5c": "dnp3-link", "bb68fa80cf26a80d": "dnp3-link",
	"4504a36fa3474f62": "extended", "f5b136e175e04173": "gt06", "12cd09bcff99ae4a": "hj212", "0b0c122a2d392f49": "iec104",
	"097f8e109b0850bc": "jt808", "378f25f16cc5055e": "mbus", "31ace8472ca86084": "modbus-rtu", "d9c426d541553cb0": "modbus-tcp",
	"33524e8837b475a1": "sl651", "61cc1805aeb72990": "szy206", "f252bc8d6d4964c4": "teltonika",
}

// CompileKept makes the profile of a definition that a journal has kept.
func CompileKept(row journal.ProfileRow) (*Installed, error) {
	var sources []codec.Source
	if err := json.Unmarshal(row.Sources, &sources); err != nil {
		return nil, fmt.Errorf("definition %d of the journal: %w", row.ID, err)
	}
	p, err := codec.CompileSources(sources)
	if err != nil {
		return nil, fmt.Errorf("definition %d of the journal (%s): %w", row.ID, row.Name, err)
	}
	e := &Installed{Profile: p, Number: row.ID}
	if hash := p.Hash(); beforePoints[hex.EncodeToString(hash[:8])] == "" {
		return e, nil
	}
	now, err := codec.Shipped(p.Name())
	if err == nil {
		now, err = codec.CompileSources(now.Sources()) // not the one that a listener may have
	}
	if err != nil {
		return nil, err
	}
	e.pointed = &Installed{Profile: now, Number: row.ID}
	return e, nil
}

// Read decodes a frame of the journal that was received with e, and says by what it was read.  An error which f has as
// its Unreadable leaves the fields that can be read.
func (e *Installed) Read(r *journal.Record, f *codec.Frame) (*Installed, error) {
	if e.pointed != nil && r.Flags&journal.Pointed == 0 && e.pointed.Profile.Decode(codec.Uplink, r.Raw, f) == nil {
		return e.pointed, nil
	}
	return e, e.Profile.Decode(codec.Uplink, r.Raw, f)
}
