package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// guard stands before every route.
func (e *endpoint) guard(next http.Handler) http.Handler {
	next = e.withToken(next)
	next = e.sameOrigin(next)
	next = e.ourHost(next)
	return e.recovering(next)
}

// recovering turns a panic of a handler into an answer; the process and the other requests go on.
func (e *endpoint) recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p) // net/http's own way to cut a connection off
			default:
				e.Logger.Error("a request made its handler fail", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				fail(w, http.StatusInternalServerError, "internal error")
			}
		}()
		start := time.Now()
		_ = http.NewResponseController(w).SetWriteDeadline(start.Add(writeTimeout)) // not every writer has deadlines (tests)
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
		next.ServeHTTP(w, r)
		e.Logger.Debug("request", "method", r.Method, "path", r.URL.Path, "from", r.RemoteAddr, "took", time.Since(start))
	})
}

// ourHost refuses requests meant for another host: that is how a page in a browser reaches a loopback server by a name
// it made point there (DNS rebinding).
func (e *endpoint) ourHost(next http.Handler) http.Handler {
	allowed := []string{"localhost", "127.0.0.1", "::1"}
	if ip, err := netip.ParseAddr(e.ListenHost); e.ListenHost != "" && !(err == nil && ip.IsUnspecified()) {
		allowed = append(allowed, strings.ToLower(e.ListenHost))
	}
	for _, host := range e.AllowedHosts {
		allowed = append(allowed, strings.ToLower(host))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(allowed, hostOnly(r.Host)) {
			fail(w, http.StatusMisdirectedRequest, "this host name is not served here; [admin] allowed_hosts can name it")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOnly is a Host header without port, brackets and capitals.
func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func (e *endpoint) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "cross-origin request refused")
	}))
	return protection.Handler(next)
}

func (e *endpoint) withToken(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(e.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(token)))
		// Hashes are of equal length, so that the comparison tells nothing about the token's own.
		ok := subtle.ConstantTimeCompare(got[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer") && e.Token != ""
		if !ok && !e.isOpen(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="trama"`)
			fail(w, http.StatusUnauthorized, "a bearer token is needed: Authorization: Bearer <the content of the token file>")
			return
		}
		next.ServeHTTP(w, r)
	})
}
