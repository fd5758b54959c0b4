// Package admission decides who may be a master on a listener.
//
//	Policy     what the operator asks of whoever speaks on a listener
//
// It knows serials and numbers; sockets, frames and actors it does not.
package admission
