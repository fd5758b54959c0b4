package master

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
)

// Messages to a master.
type (
	// *Batch: from a connection, or the registry on its behalf.
	// *Command: from Take.

	// LinkDown comes from a connection that has ended, after its last batch.
	LinkDown struct{ Link Link }
	// Undelivered comes from a connection that could not write a command.
	Undelivered struct {
		ID  uint64
		Err error
	}
	// Delivered comes from a connection that has written a command that nobody answers.
	Delivered struct{ ID uint64 }
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

	// commandDue: from a timer of the master itself.
	commandDue struct{ id uint64 }
	// timeOver: from the directory, when the master may be late.
	timeOver struct{}
	// snapshot: from the journal, now and then.
	snapshot struct{}
	// forgetOld: from another master, which needs the memory.
	forgetOld struct{}
)
