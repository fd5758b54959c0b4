// Package explain shows what profiles make of bytes, as a ruler for people or as JSON.
//
//	hex text ──ParseHex──▶ bytes ──explain.Stream──▶ pieces ──Ruler──▶ offset, bytes, field, value, meaning
//	                         └────Rank, over all known profiles──▶ candidates, the best first
//
// It computes nothing about frames itself: the knowledge is in the traces of package codec.
package explain
