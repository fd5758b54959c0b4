package admin

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"

	"trama/journal"
)

// endless is an archive that has always more.
type endless struct {
	Archive
	read chan struct{} // closed at the first question
	once sync.Once
}

func (a *endless) Last() uint64                                           { return 0 }
func (a *endless) Wait(ctx context.Context, _ uint64) error               { return ctx.Err() }
func (a *endless) Profiles(context.Context) ([]journal.ProfileRow, error) { return nil, nil }

func (a *endless) Read(_ context.Context, after uint64, limit int) (journal.Page, error) {
	defer a.once.Do(func() { close(a.read) })
	page := journal.Page{Next: after + uint64(limit)}
	for range limit {
		page.Frames = append(page.Frames, journal.Frame{Record: journal.Record{Raw: bytes.Repeat([]byte{0x55}, 9000)}})
	}
	return page, nil
}

// Who follows the journal and reads nothing must not hold up the end of the daemon.
func TestAFollowerThatReadsNothingDoesNotHoldUpTheEnd(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &endless{read: make(chan struct{})}
	o := testOptions(someGateway())
	o.Archive = a
	s := New(o)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(port) }()
	c, err := net.Dial("tcp", port.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET /api/v1/watch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + testToken + "\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	<-a.read
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout/2)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
