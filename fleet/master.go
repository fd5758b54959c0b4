package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"
)

// master is one simulated master.  Only its own goroutine touches it, except conn, which the end of the fleet wakes.
type master struct {
	fleet  *fleet
	serial string
	random *rand.Rand

	conn atomic.Pointer[net.TCPConn]
	done chan struct{} // a clerk is done
	in   []byte        // received and not yet cut
	have int

	transaction uint64
	pending     []byte // the frame in flight, until it is acknowledged
	pendingAt   time.Time
	resendAt    time.Time
	owed        []*message        // reports that wait for the frame in flight
	relays      map[uint64]uint64 // operation by relay
	lastRelay   uint64            // operated last
	sentFrames  int               // measurements

	nextAt      time.Time // the next measurement
	quietAt     time.Time // the next keep-alive, unless something is sent before
	reconnectAt time.Time
}

// errLeave ends a master in order.
var errLeave = errors.New("leaving")

// live is the master's goroutine.
func (m *master) live(ctx context.Context) {
	if !m.fleet.pause(ctx, m.fleet.startOf(m.random)) {
		return
	}
	for attempt := 0; ; {
		conn, err := m.fleet.dial(ctx)
		if err != nil {
			if m.fleet.stopping() || ctx.Err() != nil {
				return
			}
			m.fleet.failed.Add(1)
			m.fleet.Logger.Debug("cannot connect", "master", m.serial, "error", err)
			attempt++
			if !m.fleet.pause(ctx, backOff(attempt, m.random)) {
				return
			}
			continue
		}
		attempt = 0
		m.fleet.up()
		m.conn.Store(conn)
		err = m.talk()
		m.conn.Store(nil)
		_ = conn.Close() // whatever was to be said has been said
		m.fleet.down()
		switch {
		case errors.Is(err, errLeave) || m.fleet.stopping():
			return
		case errors.Is(err, errReconnect):
		default:
			m.fleet.lost.Add(1)
			m.fleet.Logger.Debug("connection lost", "master", m.serial, "error", err)
			if !m.fleet.pause(ctx, backOff(1, m.random)) {
				return
			}
		}
	}
}

// backOff is how long to wait before the next attempt: doubling from a quarter of a second to 8 s, and never in step.
func backOff(attempt int, random *rand.Rand) time.Duration {
	d := 250 * time.Millisecond << min(attempt-1, 5)
	return d/2 + time.Duration(random.Int64N(int64(d)))
}

// errReconnect ends a connection because its time is over.
var errReconnect = errors.New("reconnecting")

// talk lives on one connection until it ends.
func (m *master) talk() error {
	m.have = 0
	if err := m.greet(time.Now()); err != nil {
		return err
	}
	for {
		due, err := m.act(time.Now())
		if err != nil {
			return err
		}
		if err := m.listen(due); err != nil {
			return err
		}
	}
}

// greet says something at once: a gateway closes who says nothing.
func (m *master) greet(now time.Time) error {
	if m.fleet.ReconnectEvery > 0 {
		m.reconnectAt = now.Add(m.fleet.spread(m.fleet.ReconnectEvery, m.random))
	}
	switch {
	case m.pending != nil:
		m.fleet.resent.Add(1)
		return m.write(m.pending, now)
	case m.sentFrames > 0 && m.fleet.words.keepAlive != nil:
		return m.send(m.fleet.words.keepAlive, now)
	}
	m.nextAt = now
	return nil
}

// act does what is due and returns when something is due again.
func (m *master) act(now time.Time) (next time.Time, err error) {
	if m.fleet.stopping() {
		if m.pending == nil || now.After(m.fleet.graceUntil()) {
			return next, errLeave
		}
		return earliest(m.fleet.graceUntil(), m.resendAt), m.resend(now)
	}
	if !m.reconnectAt.IsZero() && !now.Before(m.reconnectAt) {
		return next, errReconnect
	}
	if err := m.resend(now); err != nil {
		return next, err
	}
	if m.pending == nil && len(m.owed) > 0 {
		report := m.owed[0]
		m.owed = m.owed[1:]
		if err := m.send(report, now); err != nil {
			return next, err
		}
	}
	if m.pending == nil && m.finished() {
		return next, errLeave
	}
	if m.pending == nil && !now.Before(m.nextAt) && !m.finished() {
		m.sentFrames++
		m.nextAt = now.Add(m.fleet.spread(m.fleet.Every, m.random))
		if err := m.send(m.fleet.words.measurement, now); err != nil {
			return next, err
		}
	}
	if m.fleet.KeepAlive > 0 && m.fleet.words.keepAlive != nil && m.pending == nil && !now.Before(m.quietAt) {
		if err := m.send(m.fleet.words.keepAlive, now); err != nil {
			return next, err
		}
	}
	if m.pending != nil {
		return earliest(m.resendAt, m.reconnectAt), nil
	}
	if m.fleet.KeepAlive > 0 && m.fleet.words.keepAlive != nil {
		return earliest(m.nextAt, m.quietAt, m.reconnectAt), nil
	}
	return earliest(m.nextAt, m.reconnectAt), nil
}

// finished tells whether the master has sent all it was to send.
func (m *master) finished() bool { return m.fleet.Frames > 0 && m.sentFrames >= m.fleet.Frames }

func (m *master) resend(now time.Time) error {
	if m.pending == nil || now.Before(m.resendAt) {
		return nil
	}
	m.fleet.resent.Add(1)
	return m.write(m.pending, now)
}

// earliest ignores zero times.
func earliest(times ...time.Time) (first time.Time) {
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// send makes a new frame and keeps it until it is acknowledged, if the profile has it acknowledged.
func (m *master) send(kind *message, now time.Time) error {
	m.transaction = m.transaction%max(m.fleet.words.transactions()-1, 1) + 1
	var more map[string]any
	if kind.name == relayReport {
		more = m.relayState()
	}
	var frame []byte
	var err error
	m.work(func(o *mouth) {
		frame, err = m.fleet.words.say(o, nil, kind, m.serial, m.transaction, now, m.random, more)
	})
	if err != nil {
		m.fleet.Logger.Error("cannot say it", "master", m.serial, "message", kind.name, "error", err)
		return errLeave
	}
	m.fleet.sent.Add(1)
	if kind.acknowledged {
		m.fleet.outstanding.Add(1)
		m.pending, m.pendingAt = frame, now
	}
	return m.write(frame, now)
}

func (m *master) write(frame []byte, now time.Time) error {
	m.resendAt, m.quietAt = now.Add(m.fleet.AckTimeout), now.Add(m.fleet.KeepAlive)
	conn := m.conn.Load()
	if err := conn.SetWriteDeadline(now.Add(m.fleet.AckTimeout)); err != nil {
		return err
	}
	_, err := conn.Write(frame)
	return err
}
