package master

import (
	"time"

	"trama/codec/protect"
	"trama/journal"
)

// restEvery is how long the expanded keys of a device that is quiet are kept, or twice as long.
const restEvery = 10 * time.Second

// KeepKeys has the keys committed that devices have proven, and those of quiet devices put aside, until done is closed.
func (d *Directory) KeepKeys(done <-chan struct{}) {
	rest := time.NewTicker(restEvery)
	defer rest.Stop()
	for {
		select {
		case <-rest.C:
			d.sys.Guard("key keeper", protect.Rest)
		case <-d.keys.Rotated():
			d.sys.Guard("key keeper", d.keepProven)
		case <-done:
			return
		}
	}
}

// keepProven writes the keys that masters have proven.
func (d *Directory) keepProven() {
	log := d.log.Named("keys")
	serials, err := d.keys.Commit()
	if err != nil {
		log.Error("keys that masters have proven cannot be kept: both of each count until then", "masters",
			len(serials), "error", err)
		return
	}
	for _, serial := range serials {
		log.Info("a master has proven its next key", "master", serial)
	}
	if len(serials) > 0 && d.keys.Rotating() == 0 {
		log.Info("the rotation is over: every master has proven its next key")
		d.recordEvent(journal.Event{Kind: journal.EventEpoch, Detail: "the rotation is over: every master has proven its next key"})
	}
}
