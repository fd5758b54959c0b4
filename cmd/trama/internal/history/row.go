// Package history turns what the journal keeps into what people and programs read: frames with their samples, series of
// one point, buckets with minimum, mean and maximum.
package history

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"trama/actors"
	"trama/actors/known"
	"trama/codec"
	"trama/journal"
)

// Source is where frames and their definitions are kept.
type Source interface {
	Frames(ctx context.Context, q journal.Query) (journal.Page, error)
	Profiles(ctx context.Context) ([]journal.ProfileRow, error)
}

// Row is one frame of the past.
type Row struct {
	Position    uint64          `json:"position"`        // in the journal
	Epoch       string          `json:"epoch,omitempty"` // of the position, where there is no page around it
	Received    time.Time       `json:"received"`
	Device      time.Time       `json:"device_time,omitzero"` // when it was made, by the master's clock
	Listener    string          `json:"listener"`
	Process     int64           `json:"process"` // start of the gateway; connections are numbered anew with each
	Connection  uint64          `json:"connection"`
	Master      string          `json:"master"`
	Name        string          `json:"name,omitempty"` // of the master, as Site and Tags, as the operator has told of it
	Site        string          `json:"site,omitempty"`
	Tags        []string        `json:"tags,omitempty"`
	Profile     string          `json:"profile"`
	Message     string          `json:"message,omitempty"`
	Command     string          `json:"command,omitempty"`
	Transaction *uint64         `json:"transaction,omitempty"`
	Restarted   bool            `json:"numbers_restarted,omitempty"` // its transaction number was used before
	Integrator  bool            `json:"integrator,omitempty"`
	Protection  *Protection     `json:"protection,omitempty"` // nil: it came plain
	Fields      json.RawMessage `json:"fields,omitempty"`     // everything decoded, by key
	Samples     []actors.Sample `json:"samples"`
	Frame       string          `json:"frame"`               // hex
	Error       string          `json:"error,omitempty"`     // why it cannot be decoded, or not whole
	Redecoded   bool            `json:"redecoded,omitempty"` // by a newer definition than the one it was received with
}

// Protection is what a frame came under.  Frames of suite 00 say no epoch, and those of suites 00 and 10 no counter.
type Protection struct {
	Suite   string `json:"suite"`
	Epoch   uint8  `json:"epoch"`
	Counter uint32 `json:"counter"`
}

// epochBits are those of the epoch in SC.
const epochBits = 0x3f

func protectionOf(p journal.Protection) *Protection {
	if p == (journal.Protection{}) {
		return nil
	}
	return &Protection{Suite: fmt.Sprintf("%02x", p.Suite), Epoch: p.SC & epochBits, Counter: p.Counter}
}

// String is suite/epoch/counter; nothing for a frame that came plain.
func (p *Protection) String() string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%s/%d/%d", p.Suite, p.Epoch, p.Counter)
}

// Reader decodes frames by the definitions that they were received with, or better ones.  Several goroutines may use
// it.
type Reader struct {
	source Source
	known  *known.Current

	mu       sync.Mutex // guards the rest
	profiles map[uint32]*actors.KeptDefinition
	errs     map[uint32]error
	latest   map[string]uint32 // number of the newest definition of a name
	listed   time.Time         // when latest was read
}

// NewReader reads from source; samples are shown as the operator has told of their points.
func NewReader(source Source, told *known.Current) *Reader {
	return &Reader{source: source, known: told, profiles: map[uint32]*actors.KeptDefinition{}, errs: map[uint32]error{}}
}

// definition returns one by its number in the journal.
func (r *Reader) definition(ctx context.Context, number uint32) (*actors.KeptDefinition, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.profiles[number]; d != nil {
		return d, nil
	}
	if err := r.errs[number]; err != nil {
		return nil, err
	}
	rows, err := r.source.Profiles(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.ID != number {
			continue
		}
		d, err := actors.CompileKept(row)
		if err != nil {
			r.errs[number] = err
			return nil, err
		}
		r.profiles[number] = d
		return d, nil
	}
	return nil, fmt.Errorf("definition %d is not in the journal", number)
}

// newest is the newest definition of a name; nil when it does not compile.  The journal is asked once a second at the
// most.
func (r *Reader) newest(ctx context.Context, name string) *codec.Profile {
	r.mu.Lock()
	if now := time.Now(); now.Sub(r.listed) > time.Second {
		rows, err := r.source.Profiles(ctx)
		if err != nil {
			r.mu.Unlock()
			return nil
		}
		r.latest, r.listed = map[string]uint32{}, now
		for _, row := range rows {
			r.latest[row.Name] = max(r.latest[row.Name], row.ID)
		}
	}
	number := r.latest[name]
	r.mu.Unlock()
	if d, err := r.definition(ctx, number); err == nil {
		return d.Profile
	}
	return nil
}

// Row decodes one frame by the definition that it was received with.  A frame that this one cannot read whole is read
// by the newest of its name, if that can.  A frame that cannot be decoded is shown with its bytes and why, and with the
// values that can be read.
func (r *Reader) Row(ctx context.Context, f *journal.Frame) Row {
	row := r.read(ctx, f, true)
	row.Frame = hex.EncodeToString(f.Raw)
	return row
}

// Writable is the row, or what is left of one that cannot be written as JSON.
func (r Row) Writable() Row {
	_, err := json.Marshal(r)
	if err == nil {
		return r
	}
	return Row{Position: r.Position, Received: r.Received, Listener: r.Listener, Process: r.Process, Connection: r.Connection,
		Master: r.Master, Profile: r.Profile, Samples: []actors.Sample{}, Frame: r.Frame,
		Error: "it cannot be written as JSON: " + err.Error()}
}

// read is Row without the bytes; the fields are wanted or not.  A fault of trama spoils this row alone.
func (r *Reader) read(ctx context.Context, f *journal.Frame, fields bool) (row Row) {
	row = Row{
		Position: f.Seq, Received: f.Received, Device: f.Device, Listener: f.Listener, Process: f.Boot,
		Connection: f.Connection, Master: f.Master,
		Command: f.Command, Restarted: f.Flags&journal.Restarted != 0, Integrator: f.Flags&journal.Integrator != 0,
		Samples: []actors.Sample{}, Protection: protectionOf(f.Protection),
	}
	if f.Flags&journal.Numbered != 0 {
		row.Transaction = &f.Number
	}
	defer func() {
		if fault := recover(); fault != nil {
			row.Error = fmt.Sprintf("a fault of trama, please report it with this frame: %v", fault)
		}
	}()
	frame := new(codec.Frame)
	d, err := r.definition(ctx, f.Record.Profile)
	if err == nil {
		row.Profile = d.Profile.Name()
	}
	told := r.known.Get().Of(row.Master, row.Profile)
	row.Name, row.Site, row.Tags = told.Name, told.Site, told.Tags
	polled := len(f.Polled) > 0
	if polled { // however the frame is read now
		row.Samples = actors.SamplesOf(nil, nil, &f.Record, f.Seq, false)
		actors.ApplyKnown(row.Samples, told)
	}
	if err != nil {
		row.Error = err.Error()
		return row
	}
	d, err = d.Read(&f.Record, frame)
	p := d.Profile
	if err != nil && err == frame.Unreadable() {
		if newer := r.newest(ctx, p.Name()); newer != nil && newer != p && newer.Decode(codec.Uplink, f.Raw, frame) == nil {
			p, err, row.Redecoded = newer, nil, true
		} else {
			err = p.Decode(codec.Uplink, f.Raw, frame)
		}
	}
	if err != nil {
		if row.Error = err.Error(); err != frame.Unreadable() {
			return row
		}
	}
	row.Message = frame.Message().Name
	if !polled {
		row.Samples = actors.SamplesOf(p, frame, &f.Record, f.Seq, row.Redecoded)
		actors.ApplyKnown(row.Samples, told)
	}
	if !fields {
		return row
	}
	if text := frame.AppendTree(nil); len(text) > 0 {
		text[0] = '{' // a comma: what AppendTree writes goes on an object
		row.Fields = append(text, '}')
	}
	return row
}
