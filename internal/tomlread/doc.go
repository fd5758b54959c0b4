// Package tomlread reads TOML strictly: every key is asked for by name, every problem has a line, and all problems of
// a text are reported together.
//
//	text ──Parse──▶ Table ──Text, Integer, Word, Duration …──▶ values
//	                  └── a wrong value, an unknown key ──▶ Source.Problems
//
// A getter that finds a wrong value notes a Problem and returns what the caller gives for an absent key, so that
// reading goes on.  Finish reports the keys that nobody asked for.
//
// The package knows neither the configuration nor definitions of frames; Words holds the few phrases in which their
// messages differ.
package tomlread
