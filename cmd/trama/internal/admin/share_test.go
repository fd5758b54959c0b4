package admin

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"trama/cmd/trama/internal/access"
	"trama/journal"
)

// patient is an archive whose reads last until they are told to end.
type patient struct {
	Archive
	begun   chan struct{}
	goOn    chan struct{}
	cursors []journal.Cursor
}

func (a *patient) Events(context.Context, journal.EventQuery) ([]journal.Event, []journal.Damage, error) {
	a.begun <- struct{}{}
	<-a.goOn
	return nil, nil, nil
}

func (a *patient) Epochs() journal.Epochs                                 { return nil }
func (a *patient) Last() uint64                                           { return 0 }
func (a *patient) Wait(ctx context.Context, _ uint64) error               { <-ctx.Done(); return ctx.Err() }
func (a *patient) Cursors(context.Context) ([]journal.Cursor, error)      { return a.cursors, nil }
func (a *patient) MoveCursor(context.Context, string, uint64, bool) error { return nil }
func (a *patient) Cursor(context.Context, string) (journal.Cursor, error) {
	return journal.Cursor{}, nil
}

func TestFourHeavyReadsAreAnsweredAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &patient{begun: make(chan struct{}, 10), goOn: make(chan struct{})}
		o := testOptions(someGateway())
		o.Archive = a
		h := Handler(o)
		var all sync.WaitGroup
		for range maxHeavy {
			all.Go(func() {
				if w := ask(t, h, "GET", "/api/v1/events", ""); w.Code != 200 {
					t.Errorf("one of the first: %d", w.Code)
				}
			})
		}
		for range maxHeavy {
			<-a.begun
		}
		begun := time.Now()
		if w := ask(t, h, "GET", "/api/v1/events", ""); w.Code != 429 || w.Header().Get("Retry-After") == "" || time.Since(begun) != heavyWait {
			t.Errorf("one more: %d after %v, want 429 after %v", w.Code, time.Since(begun), heavyWait)
		}
		if w := ask(t, h, "GET", "/api/v1/masters", ""); w.Code != 200 {
			t.Errorf("a light one meanwhile: %d", w.Code)
		}
		close(a.goOn)
		all.Wait()
	})
}

func TestFollowersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions(someGateway())
		o.Archive = &patient{begun: make(chan struct{}, 100)}
		h := Handler(o)
		ctx, leave := context.WithCancel(context.Background())
		var all sync.WaitGroup
		for range maxFollowers {
			all.Go(func() { ask(t, h, "GET", "/api/v1/watch", "", func(r *http.Request) { *r = *r.WithContext(ctx) }) })
		}
		synctest.Wait()
		for _, path := range []string{"/api/v1/watch", "/api/v1/events?follow=true", "/api/v1/cursors/a/frames?wait=1s"} {
			if w := ask(t, h, "GET", path, ""); w.Code != 429 {
				t.Errorf("%s beside %d followers: %d", path, maxFollowers, w.Code)
			}
		}
		leave()
		all.Wait()
	})
}

// A caller who may not ask any more does not go on following either.
func TestAFollowerEndsWithItsToken(t *testing.T) {
	for name, end := range map[string]func(*access.Tokens) error{
		"revoked": func(all *access.Tokens) error { return all.Revoke("night") },
		"expired": func(*access.Tokens) error { time.Sleep(time.Minute); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := testOptions(someGateway())
				o.Archive = &patient{begun: make(chan struct{}, 1000), goOn: closedChannel()}
				var err error
				if o.Tokens, err = access.OpenTokens(filepath.Join(t.TempDir(), "tokens.toml"), nil); err != nil {
					t.Fatal(err)
				}
				text, err := o.Tokens.Add("night", access.Read, time.Now().Add(time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				h := Handler(o)
				var all sync.WaitGroup
				for path, want := range map[string]int{"/api/v1/watch": 200, "/api/v1/events?follow=true&cursor=0": 200, "/api/v1/cursors/a/frames?wait=5m": 401} {
					all.Go(func() {
						if w := ask(t, h, "GET", path, "", bearer(text)); w.Code != want {
							t.Errorf("%s: %d, want %d", path, w.Code, want)
						}
					})
				}
				synctest.Wait()
				if err := end(o.Tokens); err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				if all.Wait(); time.Since(begun) > callerLook {
					t.Errorf("they went on for %v", time.Since(begun))
				}
			})
		})
	}
}

func closedChannel() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func TestCursorsAreBoundedAndHavePlainNames(t *testing.T) {
	a := new(patient)
	o := testOptions(someGateway())
	o.Archive = a
	h := Handler(o)
	for name, want := range map[string]int{"north": 200, "a.b_c-9": 200, "North": 400, "..%2f..%2fx": 400, "a%00": 400, "a%1b%5b2J": 400, "-a": 400, strings.Repeat("a", 65): 400} {
		if w := ask(t, h, "PUT", "/api/v1/cursors/"+name, "{}"); w.Code != want {
			t.Errorf("cursor %q: %d, want %d", name, w.Code, want)
		}
	}
	for i := range maxCursors {
		a.cursors = append(a.cursors, journal.Cursor{Name: fmt.Sprintf("OLD %d", i)})
	}
	if w := ask(t, h, "PUT", "/api/v1/cursors/one-more", "{}"); w.Code != 409 {
		t.Errorf("cursor %d: %d", maxCursors+1, w.Code)
	}
	if w := ask(t, h, "PUT", "/api/v1/cursors/OLD%207", "{}"); w.Code != 200 {
		t.Errorf("one that is there: %d", w.Code)
	}
}

func TestRequestsOfACallerAreBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	o := testOptions(someGateway())
	o.Clock = func() time.Time { return now }
	h := Handler(o)
	codes := func(n int, path string, change func(*http.Request)) map[int]int {
		all := map[int]int{}
		for range n {
			all[ask(t, h, "GET", path, "", change).Code]++
		}
		return all
	}
	if got := codes(requestsAtOnce+5, "/api/v1/version", bearer("read")); got[200] != requestsAtOnce || got[429] != 5 {
		t.Errorf("of one caller: %v", got)
	}
	if got := codes(wrongAtOnce+5, "/api/v1/version", bearer("guess")); got[401] != wrongAtOnce || got[429] != 5 {
		t.Errorf("with a wrong token: %v", got)
	}
	if got := codes(5, "/livez", without); got[200] != 5 {
		t.Errorf("livez from the same address: %v", got)
	}
	if got := codes(5, "/api/v1/version", bearer("admin")); got[200] != 5 {
		t.Errorf("another caller from the same address: %v", got)
	}
	now = now.Add(time.Second)
	if got := codes(requestsPerSecond+5, "/api/v1/version", bearer("read")); got[200] != requestsPerSecond || got[429] != 5 {
		t.Errorf("a second later: %v", got)
	}
}

// A connection that somebody known uses is not closed for strangers; an idle one is, when there is no other way.
func TestStrangersMakeRoom(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(testOptions(someGateway()))
	s.gate = newGate(2)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(port) }()
	open := func(request string) net.Conn {
		c, err := net.Dial("tcp", port.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		return c
	}
	closed := func(c net.Conn) error {
		_ = c.SetReadDeadline(time.Now().Add(readTimeout))
		_, err := io.Copy(io.Discard, c)
		return err
	}
	const mine = "GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + testToken + "\r\n\r\n"
	known := open(mine)
	if n, err := known.Read(make([]byte, 1000)); n == 0 || err != nil {
		t.Fatal(n, err)
	}
	stranger := open("")
	third := open(mine)
	if err := closed(stranger); err != nil {
		t.Errorf("the stranger was not closed for the third: %v", err)
	}
	if n, err := third.Read(make([]byte, 1000)); n == 0 || err != nil {
		t.Errorf("the third read %d, %v", n, err)
	}
	if _, err := io.WriteString(known, mine); err != nil {
		t.Error(err)
	}
	if n, err := known.Read(make([]byte, 1000)); n == 0 || err != nil {
		t.Errorf("the known one was closed for the third: %d, %v", n, err)
	}
	for range 50 { // the server notes only behind the first of these that known is idle
		if _, err := io.WriteString(third, mine); err != nil {
			t.Error(err)
		}
		if n, err := third.Read(make([]byte, 1000)); n == 0 || err != nil {
			t.Errorf("the third read %d, %v", n, err)
		}
	}
	fourth := open(mine)
	if n, err := fourth.Read(make([]byte, 1000)); n == 0 || err != nil {
		t.Errorf("the fourth read %d, %v", n, err)
	}
	if err := closed(known); err != nil {
		t.Errorf("the one that is idle for longest was not closed for the fourth: %v", err)
	}
	for _, c := range []net.Conn{known, stranger, third, fourth} {
		_ = c.Close()
	}
	for _, lines := range []string{"Host: localhost", "Host: evil.example", "Host: localhost\r\nOrigin: http://evil.example"} {
		begun := time.Now()
		bodiless := open("POST /api/v1/reload HTTP/1.1\r\n" + lines + "\r\nContent-Length: 100\r\n\r\n")
		if err := closed(bodiless); err != nil || time.Since(begun) > readTimeout/2 {
			t.Errorf("a stranger (%s) whose body does not come is held for %v, %v", lines, time.Since(begun), err)
		}
		_ = bodiless.Close()
	}
	// a proxy may have taken either of the two lengths
	smuggled := open(strings.Replace(mine, "\r\n\r\n", "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1))
	if err := closed(smuggled); err != nil {
		t.Errorf("a connection goes on behind a request of two lengths: %v", err)
	}
	_ = smuggled.Close()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// An answer that would be too long ends early, says so and has its cursor.
func TestAnswerIsBoundedInBytes(t *testing.T) {
	defer func(n int) { maxAnswerBytes = n }(maxAnswerBytes)
	maxAnswerBytes = 10_000
	o := testOptions(someGateway())
	o.Archive = &many{events: 5 * rowsAtFirst}
	h := Handler(o)
	w := ask(t, h, "GET", "/api/v1/events?limit=100000", "")
	if got := w.Body.String(); w.Code != 200 || !strings.HasSuffix(got, fmt.Sprintf(`],"cursor":"%d","cut":true}`+"\n", rowsAtFirst)) {
		t.Errorf("%d …%s", w.Code, got[max(0, len(got)-100):])
	}
	maxAnswerBytes = 1 << 20
	w = ask(t, h, "GET", "/api/v1/events?limit=100000", "")
	if got := w.Body.String(); strings.Count(got, `"id":`) != 5*rowsAtFirst || strings.Contains(got, "cut") || strings.Contains(got, "cursor") {
		t.Errorf("%d rows …%s", strings.Count(got, `"id":`), got[max(0, len(got)-100):])
	}
}

// many is an archive of so many events.
type many struct {
	Archive
	events int
}

func (a *many) Epochs() journal.Epochs { return nil }

func (a *many) Events(_ context.Context, q journal.EventQuery) (page []journal.Event, _ []journal.Damage, _ error) {
	for id := int(q.After) + 1; id <= a.events && len(page) < q.Limit; id++ {
		page = append(page, journal.Event{ID: uint64(id), Kind: journal.EventAlarm})
	}
	return page, nil, nil
}
