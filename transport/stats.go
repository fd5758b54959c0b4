package transport

import "time"

// ByteCounts is the account of what came and went.  It always adds up:
//
//	Received = InFrames + Aside + Skipped + Pending + CutOff
type ByteCounts struct {
	Received uint64 // bytes read from the socket, decrypted
	InFrames uint64 // of these, in frames that were delivered
	Skipped  uint64 // noise between frames
	Aside    uint64 // heartbeats and registrations between frames, and a PROXY header
	Pending  uint64 // the beginning of a frame whose rest is awaited
	CutOff   uint64 // the beginning of a frame that had not its rest when the connection ended
	Frames   uint64 // frames delivered
	Beats    uint64 // heartbeats
	Batches  uint64 // reads that brought at least one frame
	Sent     uint64 // bytes the kernel took for the peer, encrypted where they are
	Unsent   uint64 // bytes accepted by Write and given up when the connection ended
}

// add sums two accounts.
func (b *ByteCounts) add(o ByteCounts) {
	b.Received += o.Received
	b.InFrames += o.InFrames
	b.Skipped += o.Skipped
	b.Aside += o.Aside
	b.Pending += o.Pending
	b.CutOff += o.CutOff
	b.Frames += o.Frames
	b.Beats += o.Beats
	b.Batches += o.Batches
	b.Sent += o.Sent
	b.Unsent += o.Unsent
}

// ConnStats is a consistent copy of one connection's counters.
type ConnStats struct {
	ByteCounts
	Queued       int       // bytes in the write queue now
	InFlight     int       // batches delivered and not yet released
	LastReceived time.Time // when bytes last came; the time of accept before that
	LastFrame    time.Time // when a whole frame last came; zero before the first
}

// ListenerStats is a copy of one listener's counters: ended and live connections together.
type ListenerStats struct {
	ByteCounts
	Accepted  uint64                  // connections taken from the kernel, refused ones included
	Live      int                     // connections handed to Serve's accept function and not ended
	Closed    [NumCloseReasons]uint64 // ended connections by CloseReason; they sum to Accepted - Live
	Suspended bool
	// CertificateEnds is when the TLS certificate expires; zero without TLS.
	CertificateEnds time.Time
}
