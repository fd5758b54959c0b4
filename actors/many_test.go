package actors

import (
	"fmt"
	"testing"
)

func TestAForwardingPlatformCarriesThousandsOfMasters(t *testing.T) {
	g := start(t, "field:extended")
	d := dial(t, g, "field")
	for round := range 2 {
		for i := range 3000 {
			d.send(measurement(fmt.Sprintf("%08d", 40000000+i), round+1))
			if i%100 == 99 {
				for k := i - 99; k <= i; k++ {
					d.acknowledged(fmt.Sprintf("%08d", 40000000+k), "m", round+1)
				}
			}
		}
	}
	if c := g.Connections()[0]; len(c.Masters) != 3000 || c.Masters[0] != "40000000" || c.Acknowledged != 6000 {
		t.Errorf("%d masters, %d acknowledged", len(c.Masters), c.Acknowledged)
	}
}
