package master

import "trama/codec"

// PollOptions is a poll, and the masters that it is for: all that fit what is said of them.
type PollOptions struct {
	*codec.Poll
	Serials                      []string // whole ones, or beginnings with a * behind; nil: all
	Site, Tag, Listener, Profile string   // empty: any
}
