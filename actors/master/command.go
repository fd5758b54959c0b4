package master

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"trama/actors/ledger"
	"trama/actors/supervise"
	"trama/codec"
)

// Limits of commands.
const (
	DefaultCommandWait  = 10 * time.Second
	MaxCommandWait      = 5 * time.Minute
	DefaultCommandQueue = 16
)

// Command is one command to one master, from the request until it has ended.
type Command struct {
	Request CommandRequest
	Header  *codec.Session // header values to default to in profile From; nil: those of the master's own newest frame
	From    *codec.Profile
	Entry   *ledger.Entry  // nil: the master makes one, unless the request is unkept
	poll    *codec.Request // that it asks for; nil: it is none
	doubted bool           // likewise, whose answer may have come
	Respond func(End)      // called once, when it has ended and that is on disk; nil: nobody waits
	load    *atomic.Int32  // of the master, which counts the command until it ends; nil: nothing does

	// Of the master's actor.
	Result    ledger.Command
	sent      time.Time // by its connection
	deadline  time.Time // of what it waits for now
	timer     *time.Timer
	link      Link           // that it goes out on; nil: none is chosen
	Profile   *codec.Profile // that it was built by
	order     *codec.Command // of Profile
	frame     codec.Frame
	answer    []byte // raw
	plain     []byte
	bytes     []byte // as sent: plain, or protected
	reference []byte // that its answer must carry; nil: it went out unprotected
	silent    bool   // nobody answers it
	identity  string // field that names the master
	numbered  bool   // its answer repeats its number
	number    uint64 // of its frame, before it goes round
	handed    bool   // to its connection
	waiting   bool   // for a counter on disk, or for the answer to a challenge
	held      bool   // its answer has come, unless another one that fits comes soon
	ended     bool
	come      ledger.State // that it ends as
	detail    string       // likewise, in words
	err       error        // it was not sent
	responded atomic.Bool

	// Of delivery and what follows; see window.go and follow.go.
	silence time.Duration // of the master on its link, before it was sent
	missed  bool          // it waits for a frame of the master
	waited  bool          // it has waited for its master: many may go at once when they come back
	turn    time.Duration // when it may go, as sinceStart says; 0: it was given none
	after   *Command      // that it follows; nil: somebody asked for it
	check   *Command      // the read-back that was asked last; nil: none
	checks  uint8
	// Checking: the master is asked what has come of it, and its outcome comes up to CheckWithin later.
	Checking atomic.Bool

	state atomic.Uint32 // try<<2 | phase
}

// End is what became of a command.
type End struct {
	Result  ledger.Command
	Answer  []byte         // raw
	Profile *codec.Profile // that it was built by
	Err     error          // it was not sent
}

// A command's phase says whether its bytes may be written, or may have been.  It goes one way: a pending command is either
// claimed by its connection, at the instant of the write, or withdrawn, and then its bytes are never written.  A pending
// command may be given to another connection: it begins another try, and only the connection of that can claim it.
const (
	pending uint32 = iota
	claimed
	withdrawn
	phases = 3 // mask
)

// Try is the number of the try that a connection is asked for.
func (c *Command) Try() uint32 { return c.state.Load() >> 2 }

// Claim tells the connection of a try whether it may write the bytes of c, and which.
func (c *Command) Claim(try uint32) (bytes []byte, ok bool) {
	if !time.Now().Before(c.Result.Expires) || !c.state.CompareAndSwap(try<<2, try<<2|claimed) {
		return nil, false // who asked is told, or was
	}
	return c.bytes, true
}

// again begins another try, unless the bytes of c may have been written or it was withdrawn.
func (c *Command) again() bool {
	s := c.state.Load()
	return s&phases == pending && c.state.CompareAndSwap(s, (s>>2+1)<<2)
}

// Withdraw ends the right to write c, and tells whether it was never written.  Any goroutine may call it.
func (c *Command) Withdraw() bool {
	for {
		s := c.state.Load()
		if s&phases != pending {
			return s&phases == withdrawn
		}
		if c.state.CompareAndSwap(s, s|withdrawn) {
			return true
		}
	}
}

// written says whether its bytes may be on the wire.
func (c *Command) written() bool { return c.state.Load()&phases == claimed }

// Take counts c and sends it to the actor of the master.  Any goroutine may call it.
func (m *Master) Take(c *Command) {
	c.load = &m.load
	m.load.Add(1)
	m.send(c)
}

// Undelivered tells the master that its connection could not write c.
func (m *Master) Undelivered(c *Command, err error) { m.send(&Undelivered{c, err}) }

// Delivered tells the master that c was written.
func (m *Master) Delivered(c *Command) { m.send(&Delivered{c, time.Now()}) }

// Orphaned implements supervise.Orphan.
func (c *Command) Orphaned(f *supervise.Fault) {
	m := handler{f.Node.Detail().(*Master)}
	err := fmt.Errorf("%w: %w", ErrFault, f)
	if c.Result.State == "" {
		c.turnDown(err)
		return
	}
	m.finish(c, err)
}

// turnDown ends a command that is not taken: nothing of it is kept.
func (c *Command) turnDown(err error) {
	c.Withdraw()
	c.release()
	if c.Entry != nil {
		c.Entry.Drop(err)
	}
	c.respond(End{Result: c.Result, Err: err})
}

// release gives back what a command holds until it has ended.
func (c *Command) release() {
	c.ended = true
	if c.load != nil {
		c.load.Add(-1)
		c.load = nil
	}
	if c.timer != nil {
		c.timer.Stop()
	}
}

// respond tells who waits, once whatever happens.  Any goroutine may call it.
func (c *Command) respond(e End) {
	if c.Respond != nil && !c.responded.Swap(true) {
		c.Respond(e)
	}
}

// unwritten takes a claim back: the connection could not write.  A claim that it gave can be taken back by nobody else.
func (c *Command) unwritten() { c.state.Store((c.Try() + 1) << 2) }

// kept says whether the ledger has it.
func (c *Command) kept() bool { return !c.Request.Unkept }

// patient says whether c waits for a master that is away.
func (c *Command) patient(err error) bool { return c.Request.Queue > 0 && errors.Is(err, ErrOffline) }
