package actors

import (
	"testing"
	"time"
)

// rival dials for a serial and says whether its frame is acknowledged.
func (w *wires) rival(t *testing.T, serial string, number int) (c *wire, taken bool) {
	c = w.dial(t)
	c.send(measurement(serial, number))
	return c, c.heard() != ""
}

func TestALiveLinkIsKeptWhileItSpeaks(t *testing.T) {
	inBubble(t, Options{}, nil, func(t *testing.T, g *gateway, w *wires) {
		const serial = "12345678"
		live := w.dial(t)
		live.report(serial, 1)
		for n := range 5 {
			next, taken := w.rival(t, serial, n+2)
			if !taken {
				t.Fatalf("takeover %d is refused", n+1)
			}
			live = next
		}
		for n := range 40 { // as long as it speaks, for longer than any count lasts
			if _, taken := w.rival(t, serial, n+100); taken {
				t.Fatalf("taken over after %s", time.Duration(n)*20*time.Second)
			}
			live.report(serial, n+10)
			time.Sleep(20 * time.Second)
		}
		time.Sleep(11 * time.Second) // it has been silent for 31 s
		next, taken := w.rival(t, serial, 200)
		if !taken {
			t.Error("a silent link is kept")
		}
		for n := range 4 { // the count begins anew
			if next, taken = w.rival(t, serial, 201+n); !taken {
				t.Errorf("takeover %d is refused", n+1)
			}
		}
		next.report(serial, 300)
		if m, err := g.Master(serial); err != nil || len(m.Links) != 1 || m.Links[0].Connection != next.id || m.Takeovers != 10 {
			t.Errorf("%+v, %v", m, err)
		}
		if n := g.Totals().Alarms["two devices, one serial"]; n != 1 {
			t.Errorf("%d alarms", n)
		}
	})
}

func TestTakeoversThatComeSlowlyAreNotRefused(t *testing.T) {
	inBubble(t, Options{}, nil, func(t *testing.T, _ *gateway, w *wires) {
		for n := range 30 { // five a minute
			if _, taken := w.rival(t, "12345678", n+1); !taken {
				t.Fatalf("takeover %d is refused", n)
			}
			time.Sleep(13 * time.Second)
		}
	})
}
