package transport

import "time"

// Batch is all the whole frames that one read brought, in order.
//
// The frames alias a pooled buffer: they are valid until Release and must be copied to outlive it.  A batch that
// is not released keeps one of the connection's credits; with none left its reader waits and TCP pushes back.
type Batch struct {
	Frames   [][]byte
	Received time.Time // when the read returned

	conn *Conn
}

// Conn is the connection that the frames came from.
func (b *Batch) Conn() *Conn { return b.conn }

// Release gives the credit back to the connection and the buffer to the pool.  It is called exactly once, by any
// goroutine, also after the connection has ended.  Answers are written before it: a connection that drains
// (StopReading) ends as soon as its last batch is released.
func (b *Batch) Release() {}
