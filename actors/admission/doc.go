// Package admission decides who may be a master on a listener.
//
//	Policy       what the operator asks of whoever speaks on a listener
//	Pace         how fast masters that were never seen before come in
//	WaitingRoom  those that wait for an operator
//
// The package knows serials and numbers, and neither sockets nor frames nor actors.
package admission
