// Package dissector writes a Wireshark dissector in Lua for a profile.
//
//	codec.Profile ──▶ tables and functions of Lua ─┐
//	dissector.lua, the same for all profiles ───────┴──▶ one Lua file
//
// The script cuts a stream where the codec does, verifies the common checksums and shows the fields that it can follow.
// Everything else it shows as bytes that are "not dissected".
package dissector
