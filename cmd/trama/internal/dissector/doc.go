// Package dissector writes a Wireshark dissector in Lua for a profile.
//
//	Profile.Outline ──▶ tables of the script ─┐
//	words, sums, machine, leaf, frame (Lua) ──┼──▶ one Lua file
//	values, wireshark (Lua) ──────────────────┘
//
// The script is the plan of the profile as tables and the same machine for all profiles, which walks them: a
// translation of the machine of codec, step by step, so that both accept the same bytes.  Nothing in it knows a protocol.
// What Wireshark shows is in values.lua (numbers, texts, times) and wireshark.lua (tree, columns, stream).
//
// Pure: a profile in, text out.
package dissector
