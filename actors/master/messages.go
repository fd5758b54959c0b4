package master

import (
	"time"

	"trama/actors/ledger"
	"trama/actors/supervise"
)

// Messages to the registry.
type (
	// Route comes from a connection that does not know the master of a batch yet; the batch goes on to the master, and
	// Link.Identified is called once.  Without a batch it says that the link has ended.
	Route struct {
		Serial string
		Batch  *Batch
		Link   Link

		passed bool // the batch has gone on to its master
	}
	// Approve comes from the gateway: a serial in quarantine is a master from now on.  The answer comes when that is on
	// disk.
	Approve struct {
		Serial string
		Reply  chan<- error
	}
	// Forget comes from the gateway, and goes on to the master: it is none any more.  Likewise.
	Forget struct {
		Serial string
		Seen   *int64 // not if it was heard at another time than this, in Unix nanoseconds; nil: in any case
		Reply  chan<- error
	}
)

// Messages to a master.
type (
	// *Batch: from a connection, or the registry on its behalf.
	// *Command: from Take.

	// LinkDown comes from a connection that has ended, after its last batch.
	LinkDown struct{ Link Link }
	// Undelivered comes from a connection that could not write a command.
	Undelivered struct {
		Command *Command
		Err     error
	}
	// Delivered comes from a connection that has written a command.
	Delivered struct {
		Command *Command
		At      time.Time
	}
	// Cancel comes from the gateway: a command that waits is not to be sent.
	Cancel struct {
		Entry *ledger.Entry
		By    string
		Reply chan<- error
	}
	// DryRun comes from the gateway: the frame of a command, which is not sent.
	DryRun struct {
		Command *Command
		Reply   chan<- error
	}
	// Describe asks for one Info, for a listing.
	Describe struct {
		At    int
		Reply chan<- Answer[Info]
	}
	// Stop comes from the gateway, once, when it drains: outcomes are settled, further commands refused.
	Stop struct {
		At    int
		Reply chan<- Answer[bool]
	}

	// weigh: from Forgettable.
	weigh struct {
		At    int
		Reply chan<- Answer[weight]
	}
	// commandDue: from a timer of the master itself.
	commandDue struct{ command *Command }
	// lookAgain: likewise, when a command may go that had to wait.
	lookAgain struct{}
	// commandClaimed: from the journal: the row of a command is on disk, or why it is not.
	commandClaimed struct {
		command *Command
		try     uint32
		err     error
	}
	// timeOver: from the directory, when the master may be late.
	timeOver struct{}
	// snapshot: from the journal, now and then.
	snapshot struct{}
	// keepTrust: from a connection, through the registry when there is no such master: the row of its peer is due.
	keepTrust struct{ serial string }
	// reserved: from the journal: a command may have a counter now.  Or, without one, from a connection: the challenge that
	// it waits for is answered.
	reserved struct{ command *Command }
	// forgetOld: from another master, which needs the memory.
	forgetOld struct{}
)

// Orphaned implements supervise.Orphan.
func (c *Cancel) Orphaned(f *supervise.Fault) { orphaned(c.Reply, f) }

// Orphaned implements supervise.Orphan.
func (d *DryRun) Orphaned(f *supervise.Fault) { orphaned(d.Reply, f) }
