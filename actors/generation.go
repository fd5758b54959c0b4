package actors

import (
	"context"
	"fmt"

	"trama/journal"
)

// generations is a journal that keeps the number that also stands beside the keys.
type generations interface {
	Generation(ctx context.Context) (uint64, error)
	SetGeneration(ctx context.Context, n uint64) error
}

// checkGeneration finds out whether the journal is an older one than the keys have seen: then counters were used that it
// does not know, and every master with a key must begin a newer epoch.  Keys that have lost their generation ask for that.
func (g *gateway) checkGeneration() error {
	if g.keys == nil {
		return nil
	}
	kept := uint64(0)
	if j, durable := g.journal.(generations); durable {
		var err error
		if kept, err = j.Generation(context.Background()); err != nil {
			return fmt.Errorf("read the generation of the journal: %w", err)
		}
	}
	seen := g.keys.Generation()
	if kept < seen || seen == 0 && kept > 0 {
		const reason = "the journal is older than the keys"
		detail := fmt.Sprintf("its generation is %d, that of the keys is %d: it was restored from a copy, or is a new one; masters with a key must begin a newer epoch", kept, seen)
		g.log.Warn(reason, "detail", detail)
		g.masters.Alarms.Add(reason)
		g.recordEvent(journal.Event{Kind: journal.EventAlarm, Reason: reason, Detail: detail})
		g.masters.Distrust(g.keys.Serials())
	}
	return g.beginGeneration(max(kept, seen) + 1)
}

// beginGeneration begins one at every start and every orderly stop: a copy of the journal that was made in between is older.
func (g *gateway) beginGeneration(next uint64) error {
	if j, durable := g.journal.(generations); durable { // first: a crash behind it makes the journal the newer one
		if err := j.SetGeneration(context.Background(), next); err != nil {
			return fmt.Errorf("keep the generation of the journal: %w", err)
		}
	}
	return g.keys.Advance(next)
}
