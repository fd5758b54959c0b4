package connection

import (
	"trama/actors/master"
	"trama/actors/supervise"
	"trama/codec"
	"trama/transport"
)

// Messages to a connection's actor, beside *readBatch from the reader goroutine.
type (
	// identified: from the registry, once for each master.Route with a batch; master is nil when it was refused.
	identified struct {
		serial string
		master *master.Master
	}
	// transmit: from a master, a command to write.
	transmit struct {
		master  *master.Master
		command *master.Command
		try     uint32 // of the command: which of its ways this is
	}
	// forgotten: from a master that is none any more.
	forgotten struct{ master *master.Master }
	// relayed: from a master to an integrator's connection, the answer to a request that it made.
	relayed struct {
		request *integratorRequest
		result  master.CommandResult
		err     error
		raw     []byte         // the answer as the master sent it
		profile *codec.Profile // of the master's link
	}
	// greet: from the listener, first message of every connection where there is a greeting.
	greet struct{}
	// loginDue: from a timer of the connection itself.
	loginDue struct{}
	// ended: from the reader goroutine, last message of every connection.
	ended struct {
		reason transport.CloseReason
		detail string
	}
)

// Orphaned implements supervise.Orphan: the end of a connection is handled again.
func (m *ended) Orphaned(f *supervise.Fault) {
	l := f.Node.Detail().(*Link)
	l.send(&l.Node, m)
}
