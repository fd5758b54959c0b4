package transport

import (
	"errors"
	"net/netip"
	"time"
)

// ErrClosed is returned by Write when the connection has ended or is ending.
var ErrClosed = errors.New("connection closed")

// ErrSlowPeer is returned by the Write that finds the queue full; the connection ends with CloseSlowPeer.
var ErrSlowPeer = errors.New("peer does not read: write queue full")

// Conn is one accepted connection.
type Conn struct{}

// ID is unique in the process and never reused.
func (c *Conn) ID() uint64 { return 0 }

// Listener is the Name of the listener that accepted it.
func (c *Conn) Listener() string { return "" }

// Remote is the peer's address.
func (c *Conn) Remote() netip.AddrPort { return netip.AddrPort{} }

// Local is our own address.
func (c *Conn) Local() netip.AddrPort { return netip.AddrPort{} }

// Opened is when it was accepted.
func (c *Conn) Opened() time.Time { return time.Time{} }

// Run reads until the connection ends and returns why.  It is the reader goroutine: called exactly once, it blocks.
// deliver is called from it, for one batch after the other; it must see to it that each batch is released.
func (c *Conn) Run(deliver func(*Batch)) CloseReason { return CloseNone }

// Write sends p, in the order of the calls.  Any goroutine may call it; it never blocks and p may be reused when it
// returns.  What the kernel does not take at once waits in a bounded queue.
func (c *Conn) Write(p []byte) error { return nil }

// Close ends the connection for the given reason; the first reason wins.  Any goroutine may call it, deliver too;
// it does not wait for Run to return.
func (c *Conn) Close(reason CloseReason, detail string) {}

// StopReading drains the connection: whole frames already received are still delivered, and when all batches are
// released it ends with the given reason.  It returns at once; the caller sets the deadline, with Close.
func (c *Conn) StopReading(reason CloseReason, detail string) {}

// Reason is why the connection ended, CloseNone while it is open, and the detail given with it.
func (c *Conn) Reason() (CloseReason, string) { return CloseNone, "" }

// Done is closed when Run has ended and the socket is closed.
func (c *Conn) Done() <-chan struct{} { return nil }

// Stats is a consistent copy of the counters; callable also after the end.
func (c *Conn) Stats() ConnStats { return ConnStats{} }
