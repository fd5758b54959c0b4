// Package checksum computes checksums by name or by the parameters of a CRC.
//
// Parameters are those of the catalogue by Greg Cook (reveng.sourceforge.io): width, poly, init, refin, refout, xorout.
// Every CRC is computed eight bytes at a time with the lowest bit first; the bits of others are reversed.
// An Algorithm is immutable and its Sum allocates nothing.
package checksum
