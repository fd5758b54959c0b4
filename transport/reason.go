package transport

import (
	"fmt"
	"strconv"
)

// CloseReason tells why a connection ended.  Every connection ends with exactly one; the first one given wins.
// The zero value means that it is still open.
type CloseReason uint8

// The reasons.  Reasons that a listener gives are counted per listener in ListenerStats.Closed.
const (
	CloseNone          CloseReason = iota // still open
	ClosePeer                             // the peer ended its stream (FIN)
	CloseReset                            // the peer, or something on the way, reset the connection
	CloseUnreachable                      // the kernel gave the peer up: TCP_USER_TIMEOUT, keep-alive, no route
	CloseFirstFrame                       // no whole frame within FirstFrameTimeout of the accept
	CloseFrame                            // the rest of a started frame did not come within FrameTimeout
	CloseIdle                             // no whole frame for IdleTimeout
	CloseSlowPeer                         // the peer does not read: write queue full or WriteTimeout passed
	CloseReadFailed                       // another error while reading
	CloseWriteFailed                      // another error while writing
	CloseTakenOver                        // the same master opened a newer link
	CloseKicked                           // an operator asked for it
	CloseRefused                          // the layer above does not want this peer
	CloseFaults                           // repeated faults in the layer above
	CloseFault                            // a panic in deliver or in the framing function: our own bug
	CloseFull                             // MaxConnections reached at the accept
	CloseNoDescriptors                    // the process-wide budget of descriptors was used up at the accept
	CloseSource                           // its network may not connect
	CloseHandshake                        // the TLS handshake failed
	CloseShutdown                         // the process or the listener ends
	closeReasons                          // how many there are
)

// NumCloseReasons is the number of reasons, CloseNone included: the length of ListenerStats.Closed.
const NumCloseReasons = int(closeReasons)

var reasonNames = [closeReasons]string{
	CloseNone:          "open",
	ClosePeer:          "peer closed",
	CloseReset:         "peer reset",
	CloseUnreachable:   "peer unreachable",
	CloseFirstFrame:    "first frame timeout",
	CloseFrame:         "frame timeout",
	CloseIdle:          "idle",
	CloseSlowPeer:      "slow peer",
	CloseReadFailed:    "read failed",
	CloseWriteFailed:   "write failed",
	CloseTakenOver:     "taken over",
	CloseKicked:        "kicked",
	CloseRefused:       "refused",
	CloseFaults:        "repeated faults",
	CloseFault:         "internal fault",
	CloseFull:          "listener full",
	CloseNoDescriptors: "no descriptors",
	CloseSource:        "network not allowed",
	CloseHandshake:     "TLS handshake failed",
	CloseShutdown:      "shutdown",
}

// String is the reason in words, stable enough for logs, JSON and metric labels.
func (r CloseReason) String() string {
	if r < closeReasons {
		return reasonNames[r]
	}
	return "reason " + strconv.Itoa(int(r))
}

// MarshalText gives the words of String.
func (r CloseReason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the words of String.
func (r *CloseReason) UnmarshalText(text []byte) error {
	for i, name := range reasonNames {
		if name == string(text) {
			*r = CloseReason(i)
			return nil
		}
	}
	return fmt.Errorf("unknown close reason %q", text)
}

// flushes tells whether data already queued gets a short chance to reach the peer: we end the connection and the
// peer is believed to be well.
func (r CloseReason) flushes() bool {
	switch r {
	case ClosePeer, CloseTakenOver, CloseKicked, CloseRefused, CloseFaults, CloseHandshake, CloseShutdown:
		return true
	}
	return false
}

// aborts tells whether the socket is reset instead of closed in order: nothing that is still in its buffers is
// worth the kernel's memory.
func (r CloseReason) aborts() bool {
	switch r {
	case CloseSlowPeer, CloseUnreachable, CloseFull, CloseNoDescriptors, CloseSource:
		return true
	}
	return false
}
