// Package supervise is the ground that every actor of trama stands on: mailbox, life, faults and the record that the
// tree shows. It is the part that knows protoactor-go best, and knows nothing of frames but that they are in a hurry.
//
//	        post frames                       any other message
//	reader ─────────────▶ inbox ◀──────────── whoever sends
//	     runs the actor     │  idle: a goroutine of its own
//	     when it is idle    ▼
//	                      shell ── accounting, drills, a panic becomes a *Fault
//	                        │                          │
//	                        ▼                          ▼
//	                     Handler               Strategy of the parent: restart, resume, or give up
//
// # What is ours and what is protoactor's
//
// protoactor gives addresses, life (Started, Stopping, Stopped), the stop of a whole subtree and the way of a failure
// to the parent.  The mailbox is ours: one kind for all actors, see inbox.  The tree that people see is ours: a Node is
// written by the actor's shell and read by anybody, without a message.
//
// # Restarts
//
// A Handler holds nothing that must survive: what it works on is handed to the function that makes a fresh one.  An
// actor without children (a connection, a master) is restarted by protoactor.  An actor with children would lose them
// that way: its shell puts a fresh Handler in place and the supervisor resumes it.
//
// # Goroutines
//
// An inbox has none while it is empty.  Frames that come to an idle actor are handled in the goroutine that posts
// them; any other message starts a goroutine, which lives as long as there are messages.
//
// # Invariants
//
//   - One goroutine at a time runs an actor, and what it leaves behind (Node.After) is done before the next message.
//   - A panic in a handler or behind it ends as a *Fault at the parent's Strategy.  Giving up is never silent.
//   - A stuck handler stops its actor and the readers that bring it frames, and nobody else.
//   - Reading the tree sends no message and waits for no actor.
package supervise
