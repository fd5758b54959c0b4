// Package access says who asks the daemon for something, and what they may do: roles, tokens with names, and the users
// of a Unix socket.  A token is 256 random bits; what is kept of it is its SHA-256 alone, but for the local one, which
// the command line of the same machine reads from its file.
package access
