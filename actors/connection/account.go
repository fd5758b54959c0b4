package connection

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"trama/journal"
	"trama/transport"
)

// Bounds on the account of a connection.
const (
	headBytes     = 512 // kept of a connection until a master is identified on it
	headShown     = 64  // of these, in the event
	loggedMasters = 16  // in the line that tells of the end
	judgedAtOnce  = 10  // stretches of a connection that are judged when they come; List judges the others
	judgedASecond = 5
)

// The time that judging may take on a listener: 2 % of a second, and 200 ms at once.
const (
	judgingUnit  = 100 * time.Microsecond
	judgingRate  = 200
	judgingBurst = 2000
)

// note takes down what was skipped in a read, behind its frames.
func (c handler) note(r *readBatch) {
	r.noted = true
	dirt := 0 // stretches before a registration are nobody's
	if all := r.batch.Registered; len(all) > 0 {
		dirt = all[len(all)-1].Skipped
	}
	for i := range r.batch.Skipped {
		k := &r.batch.Skipped[i]
		s := &stretch{by: r.installed.Profile, end: k.At + uint64(k.Len), long: k.Long}
		s.At, s.Length = r.batch.Received, k.Len
		frame := c.link.skipped(s, k.Bytes)
		switch {
		case frame != nil && s.Reason == reasonChecksum:
			r.damaged = append(r.damaged, damagedFrame{before: k.Before, raw: frame})
		case frame == nil && s.Length > 0 && i >= dirt:
			c.link.noisy = !c.link.blame(s.Master, ReasonNoise) && s.Master != "" && k.Before == len(r.frames)
		}
	}
}

// damagedFrame is one whose checksum is wrong; it came before a frame of its read.
type damagedFrame struct {
	before int
	raw    []byte
}

// skipped keeps a stretch that came with these bytes, of which the last may be behind it.  A frame that was refused is
// an event, and returned.
func (l *Link) skipped(s *stretch, bytes []byte) (frame []byte) {
	s.Listener, s.Connection, s.Remote, s.Master = l.on.Name, l.ID(), l.Remote(), l.serials.only()
	s.Profile = s.by.Name()
	l.keepHead(bytes[:min(s.Length, len(bytes))])
	start := s.end - uint64(s.Length)
	s.came = start + uint64(len(bytes))
	if start < l.refusedTo { // the last bytes of a frame that is in the book
		n := min(s.Length, int(l.refusedTo-start))
		l.on.Stretches.lengthen(l.noise, bytes[:min(n, len(bytes))], n)
		if s.Length -= n; s.Length == 0 {
			return nil
		}
		start, bytes = start+uint64(n), bytes[min(n, len(bytes)):]
	}
	if l.judged == nil {
		l.judged = rate.NewLimiter(judgedASecond, judgedAtOnce)
	}
	from, to := 0, 0
	if l.judged.Allow() && l.on.judging.Allow() {
		began := time.Now()
		from, to = s.judge(bytes)
		l.on.judging.ReserveN(began, min(int(time.Since(began)/judgingUnit), judgingBurst))
	}
	if to > 0 {
		l.namedBy(s, bytes[from:min(to, len(bytes))])
	}
	if n := l.noise.holds(s, start); n > 0 && to == 0 { // the bytes before went on, and these looked like a beginning
		l.on.Stretches.lengthen(l.noise, bytes[:min(n, len(bytes))], n)
		if s.Length -= n; s.Length == 0 {
			return nil
		}
		bytes, s.known = bytes[min(n, len(bytes)):], false
	}
	s.raw = slices.Clone(bytes[:min(max(s.Length, to), len(bytes), stretchBytes)])
	if !l.on.Stretches.extend(l.noise, s) {
		l.on.Stretches.add(s)
		l.on.Skips.Add(cmp.Or(s.Reason, reasonUnjudged))
		l.noise = s
	}
	switch {
	case to > 0:
		l.refusedTo = start + uint64(to)
	case s.known && s.long:
		to = len(s.raw)
	default:
		return nil
	}
	l.blame(s.Master, s.Reason)
	l.RecordEventLimited(journal.Event{Kind: journal.EventRejected, Master: s.Master, Listener: l.on.Name,
		Connection: l.ID(), Remote: s.Remote, Reason: s.Reason, Detail: s.Detail, Raw: bytes[from:to]})
	return bytes[from:to]
}

// namedBy says whose a damaged protected frame is: its serial stands in clear.  It may be damaged too, so it counts only
// when it is that of a master,
// or has a key.
func (l *Link) namedBy(s *stretch, frame []byte) {
	layout := s.by.Security()
	if layout == nil {
		return
	}
	if n, _, _ := layout.Damaged(frame); n == 0 {
		return
	}
	if serial := layout.Head(frame).Digits(); l.on.Masters.Get(serial) != nil || l.on.Keys.Has(serial) {
		s.Master = serial
	}
}

// blame counts on a master what was refused of it; false when the registry has not made it yet.
func (l *Link) blame(serial, reason string) bool {
	m := l.on.Masters.Get(serial)
	if m != nil {
		m.Refused(reason)
	}
	return m != nil
}

// keepHead keeps the first bytes of a connection, as long as nobody is identified on it.
func (l *Link) keepHead(b []byte) {
	if room := headBytes - len(l.head); room > 0 && len(l.bound) == 0 {
		l.head = append(l.head, b[:min(room, len(b))]...)
	}
}

// account tells of the end of a connection: in the log and, when nobody was identified on it, as an event.
func (l *Link) account(m *ended) {
	stats := l.conn.Stats()
	if cut := l.conn.CutOff(); len(cut) > 0 {
		s := &stretch{by: l.Profile(), end: stats.Received}
		s.At, s.Length = stats.LastReceived, int(stats.CutOff)
		l.skipped(s, cut)
	}
	mute := stats.Received == 0 && m.reason != transport.CloseHandshake // the bytes of a handshake are not counted
	if mute {
		l.on.Silent.Add(1)
		l.on.probes.add(l, m)
	} else {
		masters := l.Masters()
		names := masters[:min(len(masters), loggedMasters)]
		l.on.System.Tell("connection", hclog.Info, "connection closed", "conn", l.ID(), "listener", l.on.Name, "remote", l.Remote(),
			"masters", names, "reason", m.reason.String(), "detail", m.detail,
			"open", time.Since(l.conn.Opened()).Round(time.Millisecond), "received", stats.Received,
			"skipped", stats.Skipped, "cut_off", stats.CutOff, "frames", l.counters.frames.Load(), "acknowledged", l.counters.acked.Load())
	}
	taken := stats.Frames - min(stats.Frames, l.counters.rejected.Load()+l.counters.poisoned.Load())
	if len(l.bound) > 0 || taken > 0 || mute && m.reason != transport.CloseFirstFrame {
		return
	}
	l.on.Unidentified.Add(1)
	if !l.on.strangers.Allow() { // a guess costs more than the connection did
		return
	}
	detail := fmt.Sprintf("%d bytes received, %d skipped", stats.Received, stats.Skipped)
	if stats.CutOff > 0 {
		detail += fmt.Sprintf(", %d cut off", stats.CutOff)
	}
	if n := l.counters.rejected.Load(); n > 0 {
		detail += fmt.Sprintf(", %d frames rejected", n)
		if why := l.on.Stretches.rejected(l.ID()); why != "" {
			detail += ", the last: " + why
		}
	}
	switch {
	case m.reason == transport.CloseHandshake:
		detail = m.detail
	case m.detail != "":
		detail = m.detail + "; " + detail
	}
	hint := ""
	if l.on.Guess != nil && len(l.head) > 0 {
		hint = l.on.Guess(l.on.Name, l.head)
	}
	if s := l.noise; hint == "" && s != nil && s.known && s.Detail != "" {
		hint = s.Reason + ": " + s.Detail
	}
	if hint != "" {
		detail += "; " + hint
	}
	l.on.strangers.write(l.on.Journal, journal.Event{Kind: journal.EventUnidentified, Listener: l.on.Name,
		Connection: l.ID(), Remote: l.Remote(), Reason: m.reason.String(), Detail: detail,
		Raw: l.head[:min(len(l.head), headShown)]})
}

// probesEvery is the least time between two lines of the log about connections that said nothing.
const probesEvery = time.Minute

// probes counts connections that ended without a byte: the checks of balancers, scanners, modems whose device is off.
type probes struct {
	mu    sync.Mutex // guards all
	last  time.Time  // when the log told of them
	count int        // since then
	why   map[string]int
}

// add counts one; the log tells of those since the last line, at most once a minute.
func (p *probes) add(l *Link, m *ended) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.why == nil {
		p.why = map[string]int{}
	}
	p.count++
	p.why[m.reason.String()]++
	now := time.Now()
	if now.Sub(p.last) < probesEvery {
		return
	}
	l.log("connection").Info("connections ended without a byte", "listener", l.on.Name, "count", p.count,
		"reasons", fmt.Sprint(p.why), "last", l.Remote())
	p.last, p.count = now, 0
	clear(p.why)
}
