package transport

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestAFloodOfConnectionsIsAcceptedAtAMeasuredPace(t *testing.T) {
	const more = 100
	r := start(t, Options{MaxConnections: 10}, name)
	began := time.Now()
	for range acceptRate + more {
		c, err := net.Dial("tcp", r.Addr().String())
		if errors.Is(err, syscall.ECONNRESET) { // refused before connect had returned
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	for r.Stats().Accepted < acceptRate+more {
		if time.Since(began) > patience {
			t.Fatalf("%d accepted", r.Stats().Accepted)
		}
		time.Sleep(time.Millisecond)
	}
	if took, least := time.Since(began), time.Second*(more-1)/acceptRate; took < least {
		t.Errorf("%d connections were accepted in %s", acceptRate+more, took)
	}
	if refused := r.Stats().Closed[CloseFull]; refused != acceptRate+more-10 {
		t.Errorf("%d refused", refused)
	}
}
