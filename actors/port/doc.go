// Package port is one listening socket: it accepts, gives each connection its actor, and changes what the connections
// speak.
//
//	Acceptor ──Serve──▶ accept loop ──accepted──▶ handler ──▶ connection.Open
//	    ▲                    │ acceptEnded            │
//	    └──Suspend, Resume───┴── listenAgain ◀─timer──┘     starting → accepting ⇄ suspended, failed → draining
//
// The Port survives its actor: the bound socket, the live connections, the state and the counters.  It works on an
// Acceptor, which is TCP today; a listener of datagrams is another Acceptor with Sockets of its own.
//
// A port has one profile in force (connection.Listener.Installed).  Swap puts the next one in its place, on the port
// and on every live connection.  Try has a shadow compare a candidate.
//
// # Goroutines
//
// Each port has an accept loop, counted in accepts; readers counts the connections whose reader has not ended,
// Links.Live those whose actor has not taken leave.  A drain waits for all three.  The timer of a port that failed
// only sends.
//
// # I/O in handlers
//
// Closing and opening the listening socket, which waits for nobody.
package port
