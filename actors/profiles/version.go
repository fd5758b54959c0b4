package profiles

import (
	"encoding/hex"
	"slices"
	"sync/atomic"
	"time"

	"trama/codec"
	"trama/codec/protect"
	"trama/journal"
)

// Version is a profile and where it comes from.
type Version struct {
	Profile *codec.Profile
	Source  string // "shipped", a path, or in words
}

// Definition says which profile a listener has.
type Definition struct {
	Generation uint64    `json:"generation"` // 1 at the start, one more with each swap
	Hash       string    `json:"hash"`       // of the definition and its parts
	Source     string    `json:"source"`     // "shipped", or where it was read
	Loaded     time.Time `json:"loaded"`
}

// Installed is one profile on one listener, from one swap to the next.  Frames and commands of its time go on with
// it.
type Installed struct {
	Profile *codec.Profile
	Login   bool   // some frames do not say whose they are: the connection remembers who logged in
	Named   bool   // some frames say whose they are
	Longest int    // bytes of an identity that is taken
	Number  uint32 // of the definition in the journal
	What    Definition

	next    atomic.Pointer[Installed] // nil while this one is in force
	pointed *Installed                // reads frames that were recorded before definitions named points; nil: this one does
	names   pointNames
}

// Install makes the one that follows old, which is nil at the start; number is that of the definition in the journal.
func Install(v Version, number uint32, old *Installed) *Installed {
	made := &Installed{Profile: v.Profile, Login: HasAnonymous(v.Profile), Named: hasIdentity(v.Profile),
		Longest: longestIdentity(v.Profile), Number: number}
	made.What = Definition{Generation: 1, Hash: Hash(v.Profile), Source: v.Source, Loaded: time.Now()}
	if old != nil {
		made.What.Generation = old.What.Generation + 1
	}
	return made
}

// Replace makes next the one in force behind e.
func (e *Installed) Replace(next *Installed) { e.next.Store(next) }

// Current is the one that is in force now on the listener of e.
func (e *Installed) Current() *Installed {
	for next := e.next.Load(); next != nil; next = e.next.Load() {
		e = next
	}
	return e
}

// AddDetail adds to what the tree shows of a listener.
func (e *Installed) AddDetail(d map[string]any) {
	d["generation"] = e.What.Generation
	d["loaded"] = e.What.Loaded.Round(time.Second)
	d["hash"] = Short(e.What.Hash)
}

// Origin says where frames of a journal's record came from.
type Origin struct {
	Received   time.Time
	Listener   string
	Connection uint64
}

// AppendRecord encodes a frame that is accepted at the end of entry; master is its serial, empty when nobody knows,
// historical has the bits of those of its samples that are, and polled the samples that a poll has made of it.
func (e *Installed) AppendRecord(entry *journal.Entry, from Origin, f *codec.Frame, raw []byte, master string,
	flags journal.Flags, historical, polled []byte) {
	r := journal.Record{
		Received: from.Received, Listener: from.Listener, Connection: from.Connection, Master: master,
		Profile: e.Number, Command: f.Command(), Flags: flags | journal.Pointed, Polled: polled, Raw: raw,
	}
	if len(historical) > 0 {
		r.Historical = historical
		r.Flags |= journal.Historical
	}
	if number, ok := f.Transaction(); ok {
		r.Number = number
		r.Flags |= journal.Numbered
	}
	if f.Unreadable() != nil {
		r.Flags |= journal.Unreadable
	}
	if at, ok := f.Timestamp(); ok {
		r.Device = at
		r.Flags |= journal.Dated
	}
	if o := f.Protection(); o != nil && o.Suite != protect.None {
		r.Protection = journal.Protection{Suite: uint8(o.Suite), SC: o.SC(), Counter: o.Counter, Tag: o.Tag}
	}
	entry.Records = journal.AppendRecord(entry.Records, &r)
	entry.Count++
}

// Hash is the hash of a definition and its parts, in hexadecimal.
func Hash(p *codec.Profile) string {
	hash := p.Hash()
	return hex.EncodeToString(hash[:])
}

// Short is the beginning of a hash, enough to tell one from another.
func Short(hash string) string { return hash[:12] }

// hasIdentity says whether a master may send frames with its identity.
func hasIdentity(p *codec.Profile) bool {
	return slices.ContainsFunc(p.Messages(), func(msg *codec.Message) bool {
		return msg.From != codec.Server && msg.From != codec.Integrator && namesItself(msg)
	})
}

// namesItself says whether a message has its sender's identity.
func namesItself(msg *codec.Message) bool {
	return slices.ContainsFunc(msg.Fields, func(f *codec.Field) bool { return f.Role == codec.RoleIdentity })
}

// usualIdentity bounds the identity of masters, in bytes.
const usualIdentity = 64

// longestIdentity is how many bytes of an identity are taken: more than usual where a definition has a larger field for
// it, whose bytes are two digits each at most.
func longestIdentity(p *codec.Profile) int {
	longest := usualIdentity
	for _, msg := range p.Messages() {
		for _, f := range msg.Fields {
			if f.Role == codec.RoleIdentity {
				longest = max(longest, 2*f.Size)
			}
		}
	}
	return longest
}

// HasAnonymous says whether a master may send frames without its identity.
func HasAnonymous(p *codec.Profile) bool {
	for _, msg := range p.Messages() {
		if msg.From == codec.Server || msg.From == codec.Integrator {
			continue
		}
		if !namesItself(msg) {
			return true
		}
	}
	return false
}
