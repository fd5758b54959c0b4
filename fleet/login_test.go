package fleet

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trama/codec"
)

// messages lists what the gateway heard, in order, by the names of the messages.
func (g *gateway) messages() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var names []string
	for _, line := range g.heard {
		_, rest, _ := strings.Cut(line, `"message":"`)
		name, _, _ := strings.Cut(rest, `"`)
		names = append(names, name)
	}
	return names
}

func TestMastersLogInBeforeTheyReport(t *testing.T) {
	var broken atomic.Bool
	g := listen(t, "jt808", func(c *link, f *codec.Frame) {
		if f.Message().Name == "location" && broken.CompareAndSwap(false, true) {
			_ = c.Close()
			return
		}
		c.acknowledge(f)
	})
	s := runFleet(t, g.options(1, 2))
	// It registers once; what was in flight comes again, behind the login of the new connection.
	if got, want := strings.Join(g.messages(), " "), "register-2013 authentication location authentication location location"; got != want {
		t.Errorf("heard %s\nwant  %s", got, want)
	}
	if s.Sent != 5 || s.Acknowledged != 5 || s.Resent != 1 || s.Waiting != 0 || s.Unexpected != 0 || s.TurnedAway != 0 {
		t.Errorf("%+v", s)
	}
	if g.heard[2] != g.heard[4] {
		t.Errorf("sent again with other bytes:\n%s\n%s", g.heard[2], g.heard[4])
	}
	if !g.has(`"message":"authentication"`, `"auth_code":"013900000007"`, `"phone":"013900000007"`) {
		t.Errorf("the code that was given at the registration does not come back: %v", g.heard[1])
	}
}

func TestLoginThatIsNotHeardIsSentAgain(t *testing.T) {
	g := listen(t, "gt06", func(c *link, f *codec.Frame) {
		if c.n > 1 {
			c.acknowledge(f)
		}
	})
	o := g.options(1, 3)
	o.AckTimeout = time.Second
	s := runFleet(t, o)
	for range 500 { // nobody waits until the gateway has read what it need not acknowledge
		if len(g.messages()) >= 5 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got, want := strings.Join(g.messages(), " "), "login login position position position"; got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	if s.Sent != 4 || s.Resent != 1 || s.Acknowledged != 1 || s.Unowed != 3 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

func TestLoginThatIsRefusedBeginsAnewWithTheRegistration(t *testing.T) {
	var refused atomic.Bool
	g := listen(t, "jt808", func(c *link, f *codec.Frame) {
		if f.Message().Name == "authentication" && refused.CompareAndSwap(false, true) {
			out, _, err := c.g.profile.Reply(nil, f, codec.Env{Result: 1, HasResult: true})
			if err != nil {
				t.Error(err)
			}
			_, _ = c.Write(out) // a master that has left misses nothing
			return
		}
		c.acknowledge(f)
	})
	s := runFleet(t, g.options(1, 1))
	if got, want := strings.Join(g.messages(), " "), "register-2013 authentication register-2013 authentication location"; got != want {
		t.Errorf("heard %s\nwant  %s", got, want)
	}
	if s.TurnedAway != 1 || s.Lost != 0 || s.Connects != 2 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

func TestLoginNobodyAcknowledgesIsReported(t *testing.T) {
	g := listen(t, "jt808", func(*link, *codec.Frame) {})
	o := g.options(2, 0)
	o.Duration, o.AckTimeout = 50*time.Millisecond, time.Second
	if s := runFleet(t, o); s.Waiting != 2 || s.Acknowledged != 0 || s.Sent != 2 {
		t.Errorf("%+v", s)
	}
}

// The receipt of another frame is none of this one: the serial number of the frame is in the body, that of the header is the server's own.
func TestAReceiptIsKnownByWhatItTakesFromTheFrame(t *testing.T) {
	g := listen(t, "jt808", func(c *link, f *codec.Frame) {
		if f.Message().Name == "location" && c.n == 3 {
			var wrong codec.Frame
			number, _ := f.Transaction()
			err := c.g.profile.Build(&wrong, "platform-reply", map[string]any{"phone": string(f.Identity()), "msg_serial": number, "ack_serial": number - 1, "ack_id": 0x0200})
			if err != nil {
				t.Error(err)
			}
			raw, _ := c.g.profile.Append(nil, &wrong)
			_, _ = c.Write(raw) // a master that has left misses nothing
			return
		}
		c.acknowledge(f)
	})
	o := g.options(1, 1)
	o.AckTimeout = time.Second
	s := runFleet(t, o)
	if s.Unexpected != 1 || s.Resent != 1 || s.Acknowledged != 3 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAFrameInFlightIsBroughtHome(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var broken atomic.Bool
	g := listen(t, "jt808", func(c *link, f *codec.Frame) {
		if f.Message().Name == "location" && broken.CompareAndSwap(false, true) {
			stop()
			_ = c.Close()
			return
		}
		c.acknowledge(f)
	})
	s, err := Run(ctx, g.options(1, 0))
	if err != nil || s.Resent != 1 || s.Waiting != 0 || s.Acknowledged != 4 {
		t.Errorf("%+v, %v", s, err)
	}
}
