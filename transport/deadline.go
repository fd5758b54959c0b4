package transport

import "time"

// asideWait is how long bytes are waited for that would tell an aside from the beginning of a frame, or end a
// registration.
const asideWait = 500 * time.Millisecond

// due is the earliest moment at which the peer will have been silent for too long.
func (c *Conn) due() time.Duration {
	due, _ := c.dueFor()
	return due
}

// dueFor is due with the reason that passing it gives, CloseNone when it is time to look at what a silence tells.  The
// reader alone calls it; lastLife and lastBytes are its own to write.
func (c *Conn) dueFor() (due time.Duration, reason CloseReason) {
	o := &c.listener.options
	if c.lastLife == 0 {
		due, reason = after(c.opened, o.FirstFrameTimeout), CloseFirstFrame
	} else {
		due, reason = after(c.lastLife, o.IdleTimeout), CloseIdle
	}
	if c.reading.partial != nil {
		limit := o.FrameTimeout
		if c.reading.brief && (limit < 0 || limit > asideWait) {
			limit = asideWait
		}
		if d := after(c.reading.since, limit); d < due {
			due, reason = d, CloseFrame
		}
		if quiet := c.listener.framing.Load().Quiet; quiet > 0 && !c.reading.hushed && c.lastBytes+quiet < due {
			due, reason = c.lastBytes+quiet, CloseNone
		}
	}
	return due, reason
}

// after is from + timeout; a negative timeout never passes.
func after(from, timeout time.Duration) time.Duration {
	if timeout < 0 {
		return never
	}
	return from + timeout
}

// arm sets the read deadline if the one that is set comes later than due.  A deadline that comes earlier is left alone:
// when it passes the reader finds that nothing is due.  So the price of deadlines is one timer per period, not one
// per frame.
func (c *Conn) arm(due time.Duration) {
	r := c.reading
	switch {
	case due == never:
		if r.armed != never {
			_ = c.tcp.SetReadDeadline(time.Time{}) // fails only on a closed socket, which the read will tell
			r.armed = never
		}
	case r.armed == 0 || due < r.armed:
		_ = c.tcp.SetReadDeadline(epoch.Add(due))
		r.armed = due
	}
}

// disarm takes the read deadline away, also one that wake has set: the lock is what makes sure that wake is done.
func (c *Conn) disarm() {
	c.mu.Lock()
	_ = c.tcp.SetReadDeadline(time.Time{})
	c.reading.armed = never
	c.mu.Unlock()
}

// recheck is called when the read deadline has passed.  It reads what has come in the meantime and tells whether
// the connection lives on; if not, it has closed it.
func (c *Conn) recheck() bool {
	c.disarm()
	for range lastLook {
		if !c.overdue() {
			return true
		}
		if !c.credit() {
			return true // the reader waits for us, not for the peer
		}
		if err := c.receive(true); err == errNothing || err == errHello {
			break
		} else if err != nil {
			c.lost(err)
			return false
		}
		c.take()
	}
	if !c.overdue() || c.state.Load() != 0 {
		return true
	}
	_, reason := c.dueFor()
	quiet := reason == CloseNone || reason == CloseFrame && !c.reading.hushed && c.listener.framing.Load().Quiet > 0
	if quiet && c.quiet() || reason == CloseNone {
		return true
	}
	if c.salvage(cutStall) {
		return true
	}
	if c.reading.brief { // no aside after all; it may still be a frame
		c.reading.brief = false
		if c.salvage(cutFrame) || !c.overdue() {
			return true
		}
	}
	c.Close(reason, c.silence(reason))
	return false
}

// silence says in words which deadline has passed.
func (c *Conn) silence(reason CloseReason) string {
	o := &c.listener.options
	switch reason {
	case CloseFirstFrame:
		return "no whole frame within " + o.FirstFrameTimeout.String()
	case CloseFrame:
		return "the rest of a frame did not come within " + o.FrameTimeout.String()
	}
	return "no whole frame for " + o.IdleTimeout.String()
}

// parkAgain is when a connection is looked at again that could not park for want of kernel memory or descriptors.
const parkAgain = time.Minute

// idle tells whether the connection has been quiet for long enough to park and nothing of it is in hand, and sets
// the time of the next look.  It asks for that only when the last has come, so bytes cost nothing here.
func (c *Conn) idle() bool {
	r := c.reading
	pause := c.listener.options.ParkAfter
	now := time.Since(epoch)
	if now < r.rest {
		return false // it was another deadline
	}
	if at := after(c.lastBytes, pause); at > now {
		r.rest = at
		return false
	}
	if r.partial != nil || c.inFlight.Load() != 0 {
		r.rest = after(now, pause)
		return false
	}
	r.rest = after(now, max(pause, parkAgain))
	return true
}

// overdue tells whether the peer has been silent for too long.
func (c *Conn) overdue() bool { return time.Since(epoch) >= c.due() }
