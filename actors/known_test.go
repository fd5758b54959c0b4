package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"trama/actors/known"
)

// An interval that the operator gives while the gateway runs holds for masters that say nothing more.
func TestANewIntervalHoldsForASilentMaster(t *testing.T) {
	var told known.Current
	inBubble(t, Options{Known: &told}, nil, func(t *testing.T, g *gateway, w *wires) {
		w.dial(t).report("12345678", 1)
		synctest.Wait()
		m, err := known.Parse("masters.toml", []byte("[[master]]\nserial = \"12345678\"\ninterval = \"1m\"\n"))
		if err != nil {
			t.Fatal(err)
		}
		told.Set(m)
		time.Sleep(2*time.Minute + 2*time.Second)
		synctest.Wait()
		if _, late := g.FindMasters(MasterQuery{Keep: func(s *MasterSummary) bool { return s.State == "late" }}); late != 1 {
			t.Errorf("late masters: %d", late)
		}
	})
}
