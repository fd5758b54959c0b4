//go:build !linux

package transport

// canPark says that connections can wait without a goroutine here; where they cannot, readers wait in the runtime's
// poller, each with its own.
const canPark = false

func (c *Conn) park() bool       { return false }
func (c *Conn) unpark()          {}
func (c *Conn) leaveIdlePoller() {}
