package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"trama/cmd/trama/internal/access"
	"trama/internal/stack"
)

// guard stands before every route.
func (e *endpoint) guard(next http.Handler) http.Handler {
	next = e.withCaller(next)
	next = e.sameOrigin(next)
	next = e.ourHost(next)
	return e.recovering(next)
}

// recovering turns a panic of a handler into an answer, or cuts off the one that has begun; the process and the other
// requests go on.
func (e *endpoint) recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(plain http.ResponseWriter, r *http.Request) {
		w := &answered{ResponseWriter: plain}
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p) // net/http's own way to cut a connection off
			default:
				e.Logger.Error("a request made its handler fail", "method", r.Method, "path", r.URL.Path, "panic", p,
					"stack", string(stack.Trace()))
				if w.status != 0 {
					panic(http.ErrAbortHandler) // half an answer is sent: cutting it off is the only honest end
				}
				fail(w, http.StatusInternalServerError, "internal error")
			}
		}()
		start := time.Now()
		_ = http.NewResponseController(w).SetWriteDeadline(start.Add(writeTimeout)) // not every writer has deadlines (tests)
		if len(r.TransferEncoding) > 0 {                                            // net/http hides a Content-Length beside it, by which a proxy may have cut (RFC 9112, 6.1)
			w.Header().Set("Connection", "close")
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
		next.ServeHTTP(w, r)
		e.Logger.Debug("request", "method", r.Method, "path", r.URL.Path, "from", r.RemoteAddr, "took", time.Since(start))
	})
}

// ourHost refuses requests meant for another host: that is how a page in a browser reaches a loopback server by a name
// it made point there (DNS rebinding).
func (e *endpoint) ourHost(next http.Handler) http.Handler {
	allowed := []string{"localhost", "127.0.0.1", "::1"}
	for _, host := range e.ListenHosts {
		if ip, err := netip.ParseAddr(host); host != "" && !(err == nil && ip.IsUnspecified()) {
			allowed = append(allowed, strings.ToLower(host))
		}
	}
	for _, host := range e.AllowedHosts {
		allowed = append(allowed, strings.ToLower(host))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(allowed, hostOnly(r.Host)) {
			stranger(w)
			fail(w, http.StatusMisdirectedRequest, "this host name is not served here; [admin] allowed_hosts can name it")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOnly is a Host header without port, capitals and the brackets around an address.
func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil && !strings.HasPrefix(host, "[") {
		return strings.ToLower(h)
	}
	if inside, ok := strings.CutPrefix(host, "["); ok {
		inside, port, closed := strings.Cut(inside, "]")
		if _, err := netip.ParseAddr(inside); err == nil && closed && (port == "" || port[0] == ':') {
			return strings.ToLower(inside)
		}
	}
	return strings.ToLower(host)
}

// sameOrigin refuses changes of another origin, and whatever else a page of one asks and says so.
func (e *endpoint) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r
		if r.Header.Get("Origin") != "" { // judged as a change
			asked = r.WithContext(r.Context())
			asked.Method = http.MethodPost
		}
		if protection.Check(asked) != nil {
			stranger(w)
			fail(w, http.StatusForbidden, "cross-origin request refused")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// callerKey is the key of the caller among the values of a request.
type callerKey struct{}

// callerOf is who asks; everything behind withCaller may call it.
func callerOf(r *http.Request) access.Caller {
	c, _ := r.Context().Value(callerKey{}).(access.Caller)
	return c
}

// withCaller finds out who asks.  Without a token that counts there are the probes only.
func (e *endpoint) withCaller(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := e.caller(r)
		if err != nil {
			stranger(w)
		} else {
			acquainted(r)
		}
		if err == nil || !e.isOpen(r) {
			refusal, end := e.shares.take(caller, e.Clock())
			if refusal != "" {
				if err != nil {
					e.strangers.leftOut.Add(1)
				}
				busy(w, refusal)
				return
			}
			defer end()
		}
		if errors.Is(err, access.ErrNoRole) && !e.isOpen(r) {
			fail(w, http.StatusForbidden, err.Error())
			e.refusedCaller(caller, r, err)
			return
		}
		if err != nil && !e.isOpen(r) {
			unauthorized(w, err)
			e.refusedCaller(caller, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	})
}

// unauthorized answers whoever has no token that counts.
func unauthorized(w http.ResponseWriter, err error) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="trama"`)
	fail(w, http.StatusUnauthorized, err.Error())
}

// errNoToken answers whoever has no token, or one that nobody knows.
var errNoToken = errors.New("a bearer token is needed: Authorization: Bearer <the content of the token file>")

// caller is who asks: by the token that comes with the request, else by the user of the socket.  With an error it is
// nobody who may do anything.
func (e *endpoint) caller(r *http.Request) (access.Caller, error) {
	nobody := access.Caller{Role: access.Anyone, From: r.RemoteAddr}
	c, _ := r.Context().Value(connKey{}).(*gated)
	header := r.Header.Get("Authorization")
	switch {
	case c != nil && c.onSocket && header == "":
		return c.caller, c.refusal
	case c != nil && c.onSocket:
		nobody.From = c.caller.From
	}
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nobody, errNoToken
	}
	token, err := e.Tokens.Find(strings.TrimSpace(text), e.Clock())
	if errors.Is(err, access.ErrExpired) {
		return nobody, err
	}
	if err != nil {
		return nobody, errNoToken
	}
	return access.Caller{Name: token.Name, Role: token.Role, From: nobody.From}, nil
}

// allowed is a route for those whose role suffices; what it changes, or is not allowed to change, goes into the audit.
func (e *endpoint) allowed(route route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, audit := callerOf(r), auditOf(route, r)
		if route.role == 0 || caller.Role < route.role {
			if route.change == "send" {
				var c Command
				if json.NewDecoder(io.LimitReader(r.Body, maxAuditText)).Decode(&c) == nil {
					audit.detail = c.Command
				}
			}
			fail(w, http.StatusForbidden, fmt.Sprintf("%s has the role %s, and this needs %s", caller.Name, caller.Role, route.role))
			e.refuse(e.forbidden, audit, r, fmt.Sprintf("it needs the role %s", route.role))
			return
		}
		if e.Archive != nil {
			w.Header().Set("Trama-Epoch", e.Archive.Epochs().Now()) // of the positions of samples, wherever they stand
		}
		if route.change == "" {
			route.strict(w, r)
			return
		}
		answered := &answered{ResponseWriter: w}
		defer func() { e.record(audit, r, audit.outcomeOf(answered)) }()
		route.strict(answered, r.WithContext(context.WithValue(r.Context(), auditKey{}, audit)))
	}
}
