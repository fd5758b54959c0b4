package admin

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"slices"
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

func (a *endless) Epochs() journal.Epochs                                 { return nil }
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

// others is an archive with events of other kinds than the one that is asked for; it fails at the third question.
type others struct {
	Archive
	asked []uint64
}

func (a *others) Epochs() journal.Epochs { return nil }

func (a *others) Events(_ context.Context, q journal.EventQuery) ([]journal.Event, []journal.Damage, error) {
	if q.Newest {
		return []journal.Event{{ID: 1000}}, nil, nil
	}
	if a.asked = append(a.asked, q.After); len(a.asked) == 3 {
		return nil, nil, journal.ErrClosed
	}
	return nil, nil, nil
}

// Who follows a kind of events that is rare does not have all others looked through again and again.
func TestAFollowerOfRareEventsAsksForNewOnes(t *testing.T) {
	a := new(others)
	o := testOptions(someGateway())
	o.Archive = a
	ask(t, Handler(o), "GET", "/api/v1/events?follow=true&kind=alarm&cursor=7", "")
	if want := []uint64{7, 1000, 1000}; !slices.Equal(a.asked, want) {
		t.Errorf("asked for what is behind %v, want %v", a.asked, want)
	}
}

// An answer that has begun is cut off when its handler fails: its client must not take what there is for all.
func TestAFollowerThatFailsIsCutOff(t *testing.T) {
	o := testOptions(someGateway())
	o.Archive = new(broken)
	h := Handler(o)
	cut := func(path string) (thrown any) {
		defer func() { thrown = recover() }()
		ask(t, h, "GET", path, "")
		return nil
	}
	if got := cut("/api/v1/watch"); got != http.ErrAbortHandler {
		t.Errorf("it ends with %v", got)
	}
	if w := ask(t, h, "GET", "/api/v1/cursors/a/frames", ""); w.Code != 500 || errorOf(t, w) != "internal error" {
		t.Errorf("nothing was written yet: %d %s", w.Code, w.Body)
	}
}

// broken is an archive that fails when it is read.
type broken struct{ Archive }

func (a *broken) Epochs() journal.Epochs                                  { return nil }
func (a *broken) Last() uint64                                            { return 0 }
func (a *broken) Wait(context.Context, uint64) error                      { return nil }
func (a *broken) Read(context.Context, uint64, int) (journal.Page, error) { panic("read") }
func (a *broken) Cursor(context.Context, string) (journal.Cursor, error) {
	return journal.Cursor{}, nil
}
func (a *broken) Profiles(context.Context) ([]journal.ProfileRow, error) { return nil, nil }
