package fleet

import (
	"errors"
	"fmt"
	"os"
	"time"

	"trama/codec"
	"trama/codec/protect"
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
	if m.device != nil {
		split = m.device.split(split)
	}
	used := 0
	for used < m.have {
		advance, token, err := split(m.in[used:m.have], m.fleet.silent)
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
	var err error
	m.work(func(o *mouth) { answer, err = m.understand(o, raw, now) })
	if err != nil || len(answer) == 0 {
		return err
	}
	conn := m.conn.Load()
	if err := conn.SetWriteDeadline(now.Add(m.fleet.AckTimeout)); err != nil {
		return err
	}
	_, err = conn.Write(answer)
	return err
}

// understand works off one frame of the server and returns the answer that it is owed, if any.
func (m *master) understand(o *mouth, raw []byte, now time.Time) (answer []byte, err error) {
	f, words := m.fleet, m.fleet.words
	var opened protect.Opened
	if m.device != nil {
		if opened, err = m.open(o, raw); err != nil {
			f.Logger.Debug("frame refused", "master", m.serial, "error", err)
			return nil, nil
		}
		raw = opened.Plain
	}
	if err := words.profile.Decode(codec.Downlink, raw, &o.got); err != nil {
		f.unexpected.Add(1)
		f.Logger.Debug("frame not understood", "master", m.serial, "error", err)
		return nil, nil
	}
	m.note(&o.got)
	switch {
	case words.acknowledges(o, m.hello.frame):
		m.settle(&m.hello, now)
		if result, ok := o.got.Result(); ok && result != 0 {
			f.turnedAway.Add(1)
			m.registered = false // what it was given then is worth nothing any more
			return nil, fmt.Errorf("%w: %s with result %d", errTurnedAway, o.got.Message().Name, result)
		}
		return nil, nil
	case words.acknowledges(o, m.pending.frame):
		m.settle(&m.pending, now)
		return nil, nil
	}
	if m.device != nil {
		if opened.Reference != nil { // to what was answered already
			f.unexpected.Add(1)
			return nil, nil
		}
		if err := m.device.Remember(); err != nil {
			return nil, err
		}
	}
	if answer = m.obey(o, now); answer == nil {
		return nil, nil
	}
	if answer, err = m.protect(answer, opened.ReferenceTo()); err != nil {
		return nil, err
	}
	if wrapped, ok := o.got.Item("WK"); ok && m.device != nil && o.got.Message().Name == "set-key" {
		err = m.device.Adopt(wrapped.Bytes())
	}
	return answer, err
}

// note keeps what the profile has the masters repeat of the server's words.
func (m *master) note(f *codec.Frame) {
	for _, key := range m.fleet.words.script.Hears {
		it, ok := f.Item(key)
		if !ok {
			continue
		}
		if m.speaker.Heard == nil {
			m.speaker.Heard = map[string]string{}
		}
		m.speaker.Heard[key] = it.Text()
	}
}

// settle counts an acknowledged frame, which need not be kept any longer.
func (m *master) settle(k *kept, now time.Time) {
	m.fleet.acked.Add(1)
	m.fleet.outstanding.Add(^uint64(0))
	m.fleet.latency.add(now.Sub(k.at))
	*k = kept{}
}
