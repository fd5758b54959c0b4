// Package program is the compiled form of a definition, by which frames are cut, decoded and made: one tree of nodes
// for each frame kind, and the fields as a flat table beside it.  Every definition has this form; a plain header
// with plain bodies is a tree of leaves.
//
//	program
//	├─ ops         every field: wire type, size, order, allowed values, scale, labels, role.  A cell of a Frame names
//	│              its op; the parts of a field of bits follow it
//	├─ kinds       the kinds of frames that a stream may hold, in the order in which they are tried
//	│  └─ frame kind
//	│     ├─ start, end marks    marks at both ends; escape, armour: how the bytes between are written
//	│     ├─ header   node …     before the body; one of its fields may be the command
//	│     ├─ bodies              one for each message, found by direction, command, size, condition
//	│     │  └─ body   node …
//	│     ├─ trailer  node …     behind the body
//	│     ├─ length              size = value of a field + place of the first byte counted − add + after
//	│     └─ sizes, fast         sizes known beforehand; fast paths of messages of constant shape
//	├─ attempts    frame kinds by direction, and the bytes that a frame can begin with
//	├─ replies     which message is sent for which, and where each of its fields comes from
//	├─ answers     fields that tell to which command an answer belongs
//	└─ regs, marks, tables       how much memory one walk needs
//
// A node is one step of the walk, in the order of the bytes:
//
//	leaf      one field                         op
//	group     fields together                   kids; a packed one has fields of bits, side by side up to a whole byte
//	list      the same fields several times     kids; ends by count, stop, a separator or the end around it
//	choice    one of several                    cases, found by the value of on (byValue), each with kids
//
//	around each: when (a condition), before (a text), optional; size, until, rest (where it ends); block transform
//	(bytes that differ on the wire)
//
// Nodes refer to each other by numbers, so that a walk needs no maps:
//
//	register  the value of a field, for expressions: written by op.reg, read by expr.reg
//	mark      the place of a node, for lengths and checksums: mark is its first byte, mark+1 the byte behind it
//	table     the values of a field in all elements of a list, for at(list.field, index)
//
// The definition { length counts from "kind"; header len, kind; message 7 with n and n values } compiles to
//
//	ops   0 len  reg 1    1 kind  reg 2, command    2 n  reg 3    3 (list)    4 value
//	header [leaf 0, leaf 1 mark 1]    length { reg 1, mark 1 }    body 7 [leaf 2, list 3 { count reg 3; kids [leaf 4] }]
//
// A Program is made by package compile and never changed afterwards; any number of goroutines may read it.
package program
