package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Bounds of the search for the reason why nothing is answered.
const (
	probeAfter  = 300 * time.Millisecond // without an answer
	probeWithin = time.Second
)

// foreign is the error of an address where something else than the daemon's endpoint listens.
type foreign struct{ error }

// ask sends a request.  When no answer comes soon, it looks whether what listens there speaks HTTP at all: the port of a
// listener takes a request for noise, and says nothing until a deadline of its own.
func (c *client) ask(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" || c.token == "" { // TLS says so at once, and on a socket stands no listener
		return c.http.Do(r)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	probe := time.AfterFunc(probeAfter, func() {
		if isForeign(ctx, r.URL.Host) {
			cancel(foreign{fmt.Errorf("%s takes connections and does not speak HTTP: is it the port of a listener? [admin] listen of the configuration says where the daemon's endpoint is", c.where())})
		}
	})
	defer probe.Stop()
	w, err := c.http.Do(r.WithContext(ctx))
	if why := context.Cause(ctx); err != nil && why != nil {
		return nil, why
	}
	return w, err
}

// isForeign says whether what listens at host is certainly no HTTP server: it ends a connection on which the request has
// ended, or says something else.
func isForeign(ctx context.Context, host string) bool {
	if !strings.Contains(host, ":") {
		host += ":80"
	}
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(probeWithin)) // a connection of TCP has deadlines
	if _, err := io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return false
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return false
	}
	begin := make([]byte, len("HTTP/"))
	n, err := io.ReadFull(conn, begin)
	return n == len(begin) && string(begin) != "HTTP/" || n < len(begin) && errors.Is(err, io.EOF)
}
