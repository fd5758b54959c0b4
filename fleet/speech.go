package fleet

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"trama/codec"
)

// speech is how a fleet says things in the words of its profile.
type speech struct {
	profile     *codec.Profile
	measurement *message
	keepAlive   *message            // nil when the profile has none
	answers     map[string]*message // by command, for profiles without a reply rule for the server's commands
	reports     map[string]*message // what a master sends after having answered a command, by the command's name
	desk        chan task           // to the clerks
	clerks      sync.WaitGroup
}

// task is one piece of work for a clerk.
type task struct {
	work func(*mouth)
	done chan<- struct{}
}

// hire starts the clerks: the few goroutines in which all encoding and decoding is done.  That needs a deeper stack than a
// master at rest has, and 15,000 goroutines that have grown once stay large.
func (s *speech) hire(n int) {
	s.desk = make(chan task)
	for range n {
		s.clerks.Go(func() {
			o := &mouth{built: map[*message]*codec.Frame{}}
			for t := range s.desk {
				t.work(o)
				t.done <- struct{}{}
			}
		})
	}
}

// dismiss ends the clerks; nobody may ask them for anything any more.
func (s *speech) dismiss() {
	close(s.desk)
	s.clerks.Wait()
}

// message is one kind of frame that a master sends.
type message struct {
	name                             string
	fields                           map[string]any // a value for every field that must be given
	identity, transaction, timestamp string         // keys, empty when the profile has none
	values                           []value        // measured
	acknowledged                     bool           // the server owes an answer
}

// mouth is the scratch memory of one clerk.
type mouth struct {
	got, sent, expected codec.Frame
	built               map[*message]*codec.Frame
	out                 []byte
}

// after says what a master that was asked for something sends once it has answered: names of the shipped profiles.  A
// profile without them answers, and that is all.
var after = map[string]string{
	"ask-measurement": "measurement",
	"ask-relays":      relayReport,
	"ask-slaves":      "slave-report",
	"ask-sensors":     "sensor-report",
}

const (
	relayReport  = "relay-report"
	operateRelay = "operate-relay"
	relayKey     = "RN"
	operationKey = "OP"
)

func newSpeech(p *codec.Profile, identity string) (*speech, error) {
	s := &speech{profile: p, answers: map[string]*message{}, reports: map[string]*message{}}
	byName := map[string]*message{}
	for _, m := range p.Messages() {
		switch m.Purpose {
		case codec.PurposeMeasurement, codec.PurposeKeepAlive, codec.PurposeReport, codec.PurposeAnswer:
		default:
			continue
		}
		if m.From != codec.Master || m.Purpose == codec.PurposeAnswer && m.Command == "" {
			continue // an answer for several commands is the affair of the reply rules
		}
		prepared, err := s.prepare(m, identity)
		if err != nil {
			return nil, fmt.Errorf("profile %s: message %s: %w", p.Name(), m.Name, err)
		}
		byName[m.Name] = prepared
		switch {
		case m.Purpose == codec.PurposeMeasurement && s.measurement == nil:
			s.measurement = prepared
		case m.Purpose == codec.PurposeKeepAlive && s.keepAlive == nil:
			s.keepAlive = prepared
		case m.Purpose == codec.PurposeAnswer:
			s.answers[m.Command] = prepared
		}
	}
	if s.measurement == nil {
		return nil, fmt.Errorf("profile %s has no measurement that a master sends", p.Name())
	}
	for command, report := range after {
		if m, ok := byName[report]; ok {
			s.reports[command] = m
		}
	}
	return s, nil
}

// prepare finds a value for every field that a message needs.
func (s *speech) prepare(m *codec.Message, identity string) (*message, error) {
	p := &message{name: m.Name, fields: map[string]any{}}
	byKey := map[string]*codec.Field{}
	for _, f := range m.Fields {
		byKey[f.Key] = f
		switch f.Role {
		case codec.RoleIdentity:
			p.identity, p.fields[f.Key] = f.Key, identity
		case codec.RoleTransaction:
			p.transaction, p.fields[f.Key] = f.Key, uint64(1)
		case codec.RoleTimestamp:
			p.timestamp, p.fields[f.Key] = f.Key, time.Now()
		case codec.RoleValue:
			p.values = append(p.values, value{Field: f})
			p.fields[f.Key] = plausible(f)
		case codec.RoleAlarm, codec.RoleResult:
			p.fields[f.Key] = 0
		}
	}
	var f codec.Frame
	for range len(m.Fields) + 1 {
		err := s.profile.BuildIn(codec.Env{Now: time.Now()}, &f, m.Name, p.fields)
		if err == nil {
			break
		}
		var bad *codec.FieldError
		field := (*codec.Field)(nil)
		if errors.As(err, &bad) {
			field = byKey[bad.Field]
		}
		if _, given := p.fields[bad.Field]; field == nil || given || !errors.Is(err, codec.ErrMissing) {
			return nil, err
		}
		p.fields[field.Key] = plausible(field)
	}
	for i := range p.values {
		p.values[i].findStep(&f)
	}
	raw, err := s.profile.Append(nil, &f)
	if err == nil {
		err = s.profile.Decode(codec.Uplink, raw, &f)
	}
	if err == nil {
		_, p.acknowledged, err = s.profile.Reply(nil, &f, codec.Env{})
	}
	return p, err
}

// plausible is a value that a field takes.
func plausible(f *codec.Field) any {
	switch f.Kind {
	case codec.KindUint, codec.KindInt, codec.KindFloat:
		if f.Min <= 1 && 1 <= f.Max || f.Min == f.Max {
			return 1
		}
		return f.Min
	case codec.KindDigits, codec.KindText:
		text := make([]byte, max(f.Size, 1))
		for i := range text {
			text[i] = '1'
		}
		return string(text)
	case codec.KindTime:
		return time.Now()
	}
	return []byte{}
}

// say appends one frame of a master to dst.
func (s *speech) say(o *mouth, dst []byte, m *message, identity string, transaction uint64, now time.Time, random *rand.Rand, more map[string]any) ([]byte, error) {
	f, ok := o.built[m]
	if !ok {
		f = &codec.Frame{}
		if err := s.profile.BuildIn(codec.Env{Now: now}, f, m.name, m.fields); err != nil {
			return dst, err
		}
		o.built[m] = f
	}
	if err := set(f, m.identity, identity); err != nil {
		return dst, err
	}
	if err := set(f, m.transaction, transaction); err != nil {
		return dst, err
	}
	if err := set(f, m.timestamp, now); err != nil {
		return dst, err
	}
	for _, v := range m.values {
		if v.step == 0 {
			continue // it keeps the value that was found for it
		}
		if err := set(f, v.Key, v.measured(random)); err != nil {
			return dst, err
		}
	}
	for key, value := range more {
		if err := set(f, key, value); err != nil {
			return dst, err
		}
	}
	return s.profile.Append(dst, f)
}

func set(f *codec.Frame, key string, value any) error {
	if key == "" {
		return nil
	}
	return f.Set(key, value)
}

// value is one measured field.
type value struct {
	*codec.Field
	step float64 // distance between the values that the field takes; 0 when no number was found that it takes
}

// findStep tries how fine the field is: the profile may scale it, so that only some numbers can be said exactly.
func (v *value) findStep(f *codec.Frame) {
	for _, step := range []float64{0.01, 0.1, 1, 10} {
		// Two numbers that are not multiples of anything coarser; a field that takes both takes what lies between.
		if f.Set(v.Key, v.rounded(20+step, step)) == nil && f.Set(v.Key, v.rounded(20+3*step, step)) == nil {
			v.step = step
			return
		}
	}
}

// rounded brings a number into the range of the field and onto its step.
func (v *value) rounded(number, step float64) any {
	if v.Min < v.Max {
		number = min(max(number, v.Min), v.Max)
	}
	if steps := math.Round(number / step); step < 1 {
		number = steps / math.Round(1/step) // exact where steps*step is not
	} else {
		number = steps * step
	}
	if number == math.Trunc(number) {
		return int64(number)
	}
	return number
}

// measured is a value as a sensor might give it: about 20.
func (v *value) measured(random *rand.Rand) any { return v.rounded(20+2*random.NormFloat64(), v.step) }

// acknowledges tells whether the frame in o.got is what the profile answers to the frame in sent.
func (s *speech) acknowledges(o *mouth, sent []byte) bool {
	if len(sent) == 0 || s.profile.Decode(codec.Uplink, sent, &o.sent) != nil {
		return false
	}
	var due bool
	var err error
	if o.out, due, err = s.profile.Reply(o.out[:0], &o.sent, codec.Env{}); err != nil || !due {
		return false
	}
	if s.profile.Decode(codec.Downlink, o.out, &o.expected) != nil {
		return false
	}
	want, hasWant := o.expected.Transaction()
	got, hasGot := o.got.Transaction()
	return hasWant == hasGot && want == got && o.expected.Command() == o.got.Command() &&
		string(o.expected.Identity()) == string(o.got.Identity())
}

// transactions is the first transaction number that does not fit; 1 when the profile has none.
func (s *speech) transactions() uint64 { return max(s.profile.TransactionLimit(), 1) }
