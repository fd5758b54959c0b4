package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"trama/codec"
)

// master is one simulated master.  Only its own goroutine touches it, except conn, which the end of the fleet wakes.
type master struct {
	fleet  *fleet
	serial string
	random *rand.Rand

	speaker    codec.Speaker
	device     *Device // nil: frames are plain
	identity   string  // as its own frames say it
	registered bool

	conn atomic.Pointer[net.TCPConn]
	done chan struct{} // a clerk is done
	in   []byte        // received and not yet cut
	have int

	logins     []*codec.Line // what is still to be said before anything else on this connection
	loggedIn   bool
	hello      kept          // the login in flight
	pending    kept          // the frame in flight
	owed       []*codec.Line // reports that wait for the frame in flight
	sentFrames int           // measurements

	nextAt      time.Time // the next measurement
	askAt       time.Time // likewise, the next request for settings
	quietAt     time.Time // the next keep-alive, unless something is sent before
	reconnectAt time.Time
	movedAt     time.Time // when the device began a new epoch because nobody answered
}

// kept is a frame that waits for its acknowledgement; none when frame is nil.
type kept struct {
	frame    []byte // plain
	wire     []byte // as it is sent, each time with the same bytes
	sends    int
	at       time.Time // said first
	resendAt time.Time
}

// errLeave ends a master in order.
var errLeave = errors.New("leaving")

// live is the master's goroutine.
func (m *master) live(ctx context.Context) {
	if !m.fleet.pause(ctx, m.fleet.startOf(m.random)) {
		return
	}
	for attempt := 0; ; {
		conn, err := m.connect(ctx)
		if errors.Is(err, errLeave) {
			return
		}
		if err != nil {
			m.fleet.failed.Add(1)
			m.fleet.why.Store(&err)
			m.fleet.Logger.Debug("cannot connect", "master", m.serial, "error", err)
			attempt++
			m.rest(ctx, backOff(attempt, m.random))
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
		case errors.Is(err, errLeave):
			return
		case errors.Is(err, errReconnect):
		case errors.Is(err, errTurnedAway):
			m.fleet.Logger.Debug("turned away", "master", m.serial, "error", err)
			m.rest(ctx, backOff(2, m.random))
		default:
			m.fleet.lost.Add(1)
			m.fleet.Logger.Debug("connection lost", "master", m.serial, "error", err)
			m.rest(ctx, backOff(1, m.random))
		}
	}
}

// connect dials.  When the fleet is called home, only a master with a frame in flight does, until the grace is over.
func (m *master) connect(ctx context.Context) (*net.TCPConn, error) {
	if ctx.Err() == nil && !m.fleet.stopping() {
		conn, err := m.fleet.dial(ctx, m.fleet.stop)
		if err == nil || ctx.Err() == nil && !m.fleet.stopping() {
			return conn, err
		}
	}
	<-m.fleet.stop // it follows on the end of ctx
	if m.pending.frame == nil || !time.Now().Before(m.fleet.graceUntil()) {
		m.forgetLogin()
		return nil, errLeave
	}
	late, cancel := context.WithDeadline(context.WithoutCancel(ctx), m.fleet.graceUntil())
	defer cancel()
	return m.fleet.dial(late, late.Done())
}

// rest waits between connections, not long when the fleet is called home.
func (m *master) rest(ctx context.Context, d time.Duration) {
	if !m.fleet.pause(ctx, d) && m.pending.frame != nil {
		time.Sleep(min(d, 50*time.Millisecond))
	}
}

// backOff is how long to wait before the next attempt: doubling from a quarter of a second to 8 s, and never in step.
func backOff(attempt int, random *rand.Rand) time.Duration {
	d := 250 * time.Millisecond << min(attempt-1, 5)
	return d/2 + time.Duration(random.Int64N(int64(d)))
}

// How a connection ends that the other side has not ended.
var (
	errReconnect  = errors.New("reconnecting")
	errTurnedAway = errors.New("login refused")
)

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

// greet begins a connection: with the login, where the profile has one, else by saying something at once, because a gateway
// closes who says nothing.
func (m *master) greet(now time.Time) error {
	if m.fleet.ReconnectEvery > 0 {
		m.reconnectAt = now.Add(m.fleet.spread(m.fleet.ReconnectEvery, m.random))
	}
	m.forgetLogin()
	script := m.fleet.words.script
	m.logins, m.loggedIn = m.logins[:0], false
	if !m.registered {
		m.logins = append(m.logins, script.Register...)
	}
	m.logins = append(m.logins, script.Login...)
	return m.login(now)
}

// forgetLogin: nobody waits any more for the acknowledgement of a login whose connection has ended.
func (m *master) forgetLogin() {
	if m.hello.frame != nil {
		m.fleet.outstanding.Add(^uint64(0))
		m.hello = kept{}
	}
}

// login says what is to be said before anything else, one after the other, each when the one before is acknowledged.
func (m *master) login(now time.Time) error {
	script := m.fleet.words.script
	silent := len(script.Register)+len(script.Login) == 0 // nothing has been said on this connection
	for m.hello.frame == nil && len(m.logins) > 0 {
		l := m.logins[0]
		m.logins = m.logins[1:]
		if err := m.send(l, &m.hello, now); err != nil {
			return err
		}
	}
	if m.hello.frame != nil || m.loggedIn {
		return nil
	}
	m.loggedIn, m.registered = true, true
	switch {
	case m.pending.frame != nil:
		m.fleet.resent.Add(1)
		return m.write(m.pending.wire, &m.pending, now)
	case m.sentFrames == 0:
		m.nextAt = now
	case silent && script.KeepAlive != nil:
		return m.send(script.KeepAlive, &m.pending, now)
	case silent:
		m.nextAt = now
	}
	return nil
}

// act does what is due and returns when something is due again.
func (m *master) act(now time.Time) (next time.Time, err error) {
	stopping := m.fleet.stopping()
	if stopping && (m.pending.frame == nil && m.hello.frame == nil || now.After(m.fleet.graceUntil())) {
		return next, errLeave
	}
	if !stopping && !m.reconnectAt.IsZero() && !now.Before(m.reconnectAt) {
		return next, errReconnect
	}
	if err := m.login(now); err != nil {
		return next, err
	}
	if err := m.resend(now); err != nil {
		return next, err
	}
	if stopping {
		return earliest(m.fleet.graceUntil(), m.hello.resendAt, m.pending.resendAt), nil
	}
	if m.hello.frame != nil {
		return earliest(m.hello.resendAt, m.reconnectAt), nil
	}
	return m.report(now)
}

// report says what is due of a master that is logged in.
func (m *master) report(now time.Time) (next time.Time, err error) {
	script := m.fleet.words.script
	asks := m.fleet.AskEvery > 0 && script.Ask != nil
	if asks && m.pending.frame == nil && !now.Before(m.askAt) && len(m.owed) < maxOwed {
		m.owed = append(m.owed, script.Ask)
		m.askAt = now.Add(m.fleet.spread(m.fleet.AskEvery, m.random))
	}
	if m.pending.frame == nil && len(m.owed) > 0 {
		report := m.owed[0]
		m.owed = m.owed[1:]
		if err := m.send(report, &m.pending, now); err != nil {
			return next, err
		}
	}
	if m.pending.frame == nil && m.finished() {
		return next, errLeave
	}
	if m.pending.frame == nil && !now.Before(m.nextAt) {
		l := script.Measure[m.sentFrames%len(script.Measure)]
		m.sentFrames++
		m.nextAt = now.Add(m.fleet.spread(m.fleet.Every, m.random))
		if err := m.send(l, &m.pending, now); err != nil {
			return next, err
		}
	}
	alive := m.fleet.KeepAlive > 0 && script.KeepAlive != nil
	if alive && m.pending.frame == nil && !now.Before(m.quietAt) {
		if err := m.send(script.KeepAlive, &m.pending, now); err != nil {
			return next, err
		}
	}
	switch {
	case m.pending.frame != nil:
		return earliest(m.pending.resendAt, m.reconnectAt), nil
	case alive:
		return earliest(m.nextAt, m.askAt, m.quietAt, m.reconnectAt), nil
	}
	return earliest(m.nextAt, m.askAt, m.reconnectAt), nil
}

// finished tells whether the master has sent all it was to send.
func (m *master) finished() bool { return m.fleet.Frames > 0 && m.sentFrames >= m.fleet.Frames }

// resend says again what has not been acknowledged for too long.
func (m *master) resend(now time.Time) error {
	k := &m.pending
	if m.hello.frame != nil {
		k = &m.hello
	}
	if k.frame == nil || now.Before(k.resendAt) {
		return nil
	}
	m.fleet.resent.Add(1)
	if err := m.moveEpoch(k, now); err != nil {
		return err
	}
	return m.write(k.wire, k, now)
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
func (m *master) send(l *codec.Line, keep *kept, now time.Time) error {
	m.speaker.Number = m.speaker.Number%max(m.fleet.words.transactions()-1, 1) + 1
	m.speaker.Result = 0
	var frame, wire []byte
	var err error
	m.work(func(o *mouth) {
		if frame, err = m.fleet.words.say(o, l, &m.speaker, now); err != nil {
			return
		}
		if wire, err = m.protect(frame, nil); err != nil {
			return
		}
		if id := o.sent.Identity(); len(id) > 0 && string(id) != m.identity {
			m.identity = string(id)
		}
	})
	if err != nil {
		m.fleet.Logger.Error("cannot say it", "master", m.serial, "message", l.Message.Name, "error", err)
		return errLeave
	}
	m.fleet.sent.Add(1)
	if l.Acknowledged {
		m.fleet.outstanding.Add(1)
		*keep = kept{frame: frame, wire: wire, at: now}
	} else {
		m.fleet.unowed.Add(1)
	}
	return m.write(wire, keep, now)
}

// write sends a frame; keep says when it is sent again, should it be kept.
func (m *master) write(frame []byte, keep *kept, now time.Time) error {
	if m.quietAt = now.Add(m.fleet.KeepAlive); keep.frame != nil {
		keep.resendAt = now.Add(m.fleet.AckTimeout)
		keep.sends++
	}
	conn := m.conn.Load()
	if err := conn.SetWriteDeadline(now.Add(m.fleet.AckTimeout)); err != nil {
		return err
	}
	_, err := conn.Write(frame)
	return err
}
