package master

import (
	"net/netip"
	"time"

	"trama/actors/admission"
	"trama/actors/profiles"
	"trama/actors/supervise"
	"trama/actors/trust"
	"trama/codec"
	"trama/journal"
	"trama/transport"
)

// Link is one live connection as the masters on it see it.  Its methods may be called from any goroutine and do not
// block.
type Link interface {
	ID() uint64
	Remote() string
	Addr() netip.Addr // of Remote
	Listener() string
	Profile() *codec.Profile   // that its listener has now
	Policy() *admission.Policy // likewise
	Window() time.Duration     // how long behind a frame commands reach its master; 0: it is learned, negative: always
	Newcomers() *admission.Pace
	Masters() []string // serials that are identified on it
	// the master goes by the name that was registered here, and not by a field of its frames
	SelfNamed(serial string) bool
	Close(transport.CloseReason, string)
	Reason() (transport.CloseReason, string) // why it ends, from the moment that is decided
	HungUp() bool                            // likewise, or the peer has ended its stream
	// that was begun for p, with a challenge; nil: none
	Session(p *trust.Peer) *trust.Session
	Begin(p *trust.Peer, s *trust.Session)
	Write(p []byte) error
	// a frame under the key of p was accepted that came here, the first one
	Prove(p *trust.Peer)
	// writes the bytes of a command, unless it has ended; answers a failure with Undelivered
	Transmit(m *Master, c *Command)
	// from the registry, once for each Route with a batch; m is nil when it was refused
	Identified(serial string, m *Master)
	// from m, which was forgotten: what comes for its serial goes through the registry again
	Forgotten(m *Master)

	// counts a frame that is refused and records it; serial "" is that of nobody known
	Reject(serial string, raw []byte, reason string, err error)
	Poison(raw []byte, serial string, n *supervise.Node) // records a frame that crashed its handler
	RecordEventLimited(e journal.Event)                  // records what a stranger can cause at will
}

// Fate is what becomes of a frame.
type Fate uint8

// The fates of a frame.
const (
	Pending  Fate = iota
	Accepted      // tracked; its acknowledgement, if one is owed, goes out
	Rejected      // counted with its reason, not acknowledged
	Poison        // it crashed its handler; recorded, not acknowledged
	Waiting       // put aside until somebody logs in: its read neither counts nor acknowledges it
)

// Batch is a run of frames of one read that belong to one master.  It lies in the read that it is a part of, and
// travels by pointer: to the master, then, as the owner of its entry, through the journal.
type Batch struct {
	Link      Link
	Installed *profiles.Installed // by which the frames were found
	At        time.Time           // when the read returned
	Frames    []codec.Frame
	Raw       [][]byte      // parallel to Frames
	Fates     []Fate        // likewise
	Claims    []trust.Claim // likewise, of those that came protected; nil: none did
	Read      Read
	Waited    bool // commands wait for the master, or one is in flight; set by it

	journal  Journal           // of the master that handled it
	master   *points           // likewise; nil: none did
	before   uint64            // records that the master had before those of entry
	entry    journal.Entry     // what the master has accepted so far
	next     int               // frame in hand, so that a restart of the master goes on behind the one that failed
	repeated uint64            // resends among its frames
	arrived  bool              // a frame of it is one of the master: it has come by this link
	reserved trust.Reservation // that its row makes
}

// Read is what a Batch is a part of.
type Read interface {
	supervise.Origin
	// Stored says that so many frames of the read are on disk, and that so many others are resends of frames that are.
	Stored(frames, resends uint64)
	// Lose turns accepted frames into rejected ones: they will never be on disk.
	Lose(fates []Fate, err error)
	// Drop gives a part of the read back.  When all are, the read is settled, in this goroutine.
	Drop()
}

// Begin makes b ready for another run; the memory for its records is kept.
func (b *Batch) Begin() { *b = Batch{entry: journal.Entry{Records: b.entry.Records[:0]}} }

// refuse gives up what its master has not yet handled of a batch: counted with the reason, not acknowledged.
func (d *Directory) refuse(serial string, b *Batch, reason string) {
	for i := b.next; i < len(b.Fates); i++ {
		b.Fates[i] = Rejected
		b.Link.Reject(serial, b.Raw[i], reason, nil)
	}
	b.next = len(b.Fates)
	// the frames before are accepted, when they, or those that they repeat, are on disk
	if b.entry.Count > 0 || b.repeated > 0 {
		d.journal.Append(&b.entry)
		return
	}
	b.Read.Drop()
}

var batchName = "masterBatch"

// What implements supervise.Frames: the name of the message in the tree.
func (b *Batch) What() *string { return &batchName }

// Received implements supervise.Frames.
func (b *Batch) Received() time.Time { return b.At }

// Apply implements supervise.AfterHandler: the master is done, and the batch stands in the journal's queue before its
// next message.
func (b *Batch) Apply() { b.journal.Append(&b.entry) }

// Origin implements supervise.AfterHandler.
func (b *Batch) Origin() supervise.Origin { return b.Read }

// Committed implements journal.Committer: the frames are on disk, or will never be.
func (b *Batch) Committed(first uint64, err error) {
	if err != nil {
		b.Read.Lose(b.Fates, err)
	} else {
		if b.master != nil {
			b.master.placed(b.before, b.entry.Count, first)
		}
		b.reserved.Stored()
		b.Read.Stored(uint64(b.entry.Count), b.repeated)
	}
	b.Read.Drop()
}

// origin is where the frames came from, as the journal records it.
func (b *Batch) origin() profiles.Origin {
	return profiles.Origin{Received: b.At, Listener: b.Link.Listener(), Connection: b.Link.ID()}
}
