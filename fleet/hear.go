package fleet

import (
	"errors"
	"os"
	"time"

	"trama/codec"
)

// smallBuffer holds any frame of the shipped profiles; a longer one makes it grow.
const smallBuffer = 256

// listen waits for bytes until something is due and works off the frames they complete.
func (m *master) listen(due time.Time) error {
	conn := m.conn.Load()
	if err := conn.SetReadDeadline(due); err != nil {
		return err
	}
	if m.fleet.stopping() && due.After(m.fleet.graceUntil()) {
		return nil // the fleet ended between act and here; act decides
	}
	if m.have == len(m.in) {
		m.in = append(m.in, make([]byte, max(len(m.in), smallBuffer))...)
	}
	n, err := conn.Read(m.in[m.have:])
	m.have += n
	if n > 0 {
		if err := m.cut(time.Now()); err != nil {
			return err
		}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// cut works off the whole frames at the front of the buffer.
func (m *master) cut(now time.Time) error {
	split := m.fleet.split
	used := 0
	for used < m.have {
		advance, token, err := split(m.in[used:m.have], false)
		if err != nil || advance == 0 {
			break
		}
		used += advance
		m.fleet.noise.Add(uint64(advance - len(token)))
		if token != nil {
			if err := m.take(token, now); err != nil {
				return err
			}
		}
	}
	m.have = copy(m.in, m.in[used:m.have])
	return nil
}

// work has something done by a clerk and waits for it.
func (m *master) work(what func(*mouth)) {
	if m.done == nil {
		m.done = make(chan struct{}, 1)
	}
	m.fleet.words.desk <- task{what, m.done}
	<-m.done
}

// take is handed every frame of the server.
func (m *master) take(raw []byte, now time.Time) error {
	var answer []byte
	m.work(func(o *mouth) { answer = m.understand(o, raw, now) })
	if len(answer) == 0 {
		return nil
	}
	conn := m.conn.Load()
	if err := conn.SetWriteDeadline(now.Add(m.fleet.AckTimeout)); err != nil {
		return err
	}
	_, err := conn.Write(answer)
	return err
}

// understand works off one frame of the server and returns the answer that it is owed, if any.
func (m *master) understand(o *mouth, raw []byte, now time.Time) (answer []byte) {
	words := m.fleet.words
	if err := words.profile.Decode(codec.Downlink, raw, &o.got); err != nil {
		m.fleet.unexpected.Add(1)
		m.fleet.Logger.Debug("frame not understood", "master", m.serial, "error", err)
		return nil
	}
	if kind := o.got.Message(); kind.Purpose == codec.PurposeCommand {
		return m.obey(o, kind, now)
	}
	if words.acknowledges(o, m.pending) {
		m.fleet.acked.Add(1)
		m.fleet.outstanding.Add(^uint64(0))
		m.fleet.latency.add(now.Sub(m.pendingAt))
		m.pending = nil
		return nil
	}
	return m.obey(o, nil, now)
}
