package admin

import (
	"context"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"trama/actors"
	"trama/actors/known"
	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/history"
	"trama/codec"
	"trama/journal"
	"trama/keys"
)

// Limits of the endpoint.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	writeTimeout      = 30 * time.Second // per answer; a command adds the time it may wait
	maxHeaderBytes    = 8 << 10
	maxBodyBytes      = 64 << 10
	liveWithin        = 2 * time.Second // how long /livez waits for the gateway
)

// Options of the endpoint.  All but AllowedHosts are required.
type Options struct {
	Gateway      actors.Gateway
	Known        *known.Current // nil: nothing is known beside frames
	Logger       hclog.Logger   // what is logged of requests, at debug; its level is the one /api/v1/log/level sets
	Root         hclog.Logger   // the program's logger
	Tokens       *access.Tokens
	Groups       access.Groups // of the users of a socket
	ListenHosts  []string      // hosts of the configured listen addresses
	AllowedHosts []string      // further hosts
	Version      string
	Clock        func() time.Time
	Archive      Archive     // nil: the journal keeps nothing
	Profiler     bool        // /debug/pprof/ answers
	Keys         *keys.Store // nil: no master has a key
	Times        *Times      // nil: nobody notes how long things take

	// Record puts an event into the journal; nil: none is kept.
	Record func(journal.Event)
	// Reload takes over the profiles of the configuration.
	Reload func(context.Context) (Reloaded, error)
	// Check is what a profile that compiles can still have wrong; nil checks nothing.
	Check func(*codec.Profile) []error

	ending context.Context // done when the server shuts down: who follows the journal is let go
}

// Server serves the endpoint.  Use New.
type Server struct {
	http *http.Server
	gate *gate
	log  hclog.Logger

	groups access.Groups
	ending context.Context
	end    context.CancelFunc
}

// New prepares a server; nothing is open yet.
func New(o Options) *Server {
	var end context.CancelFunc
	o.ending, end = context.WithCancel(context.Background())
	return newServer(o, end, Handler(o))
}

// Waiting is a server before there is a gateway: it lives, and says to everything else why it is not ready.
func Waiting(o Options, why string) *Server {
	var end context.CancelFunc
	o.ending, end = context.WithCancel(context.Background())
	return newServer(o, end, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/livez" {
			answer(w, http.StatusOK, Health{Status: "ok"})
			return
		}
		fail(w, http.StatusServiceUnavailable, why)
	}))
}

func newServer(o Options, end context.CancelFunc, handler http.Handler) *Server {
	return &Server{
		log: o.Logger, gate: newGate(maxConnections), groups: o.Groups, ending: o.ending, end: end,
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes - headerSlack,
			ConnState:         noteState,
			ConnContext:       withConn,
			ErrorLog:          log.New(o.Logger.StandardWriter(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}), "", 0),
		},
	}
}

// headerSlack is what net/http adds to MaxHeaderBytes on its own account.
const headerSlack = 4 << 10

// Serve answers on l until Shutdown; then it returns nil.  Several listeners may be served at once.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(listener{l, s.gate, s.groups, s.ending.Done()}); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// Shutdown stops accepting and waits for the requests in hand, at most until ctx ends; then they are cut off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.end()
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close() // the deadline has passed: what remains is cut off, and err says so
	}
	return err
}

// Handler is the whole endpoint without its socket.
func Handler(o Options) http.Handler {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.ending == nil {
		o.ending = context.Background()
	}
	e := &endpoint{Options: o, strangers: newRefusals(), forbidden: newRefusals(), shares: shares{all: map[string]*share{}},
		reading: make(chan struct{}, maxHeavy), following: make(chan struct{}, maxFollowers)}
	if o.Archive != nil {
		e.history = history.NewReader(o.Archive, o.Known)
	}
	return e.guard(e.mux())
}

// endpoint holds what the handlers need.
type endpoint struct {
	Options
	history   *history.Reader // nil: nothing is kept
	checks    sync.Mutex      // held while a definition is compiled and checked
	strangers *refusals       // callers without a token that counts
	forbidden *refusals       // callers without the role
	shares    shares
	reading   chan struct{} // holds one for each heavy read
	following chan struct{} // and for each follower
}
