// Package protect turns plain frames into protected ones and back: bytes in, bytes out, no state but a bounded table of
// expanded keys.
//
//	plain      ML PV 00 000000 SD | RFC … body
//	TE 00, CRC ML PV 00 crc    SD | RFC … body
//	TE 10      ML PV 10 mac    SD | RFC … body [ref 3]
//	TE 11      ML PV 11 mac    SD | RFC … RC | FC16 | encrypted: … body [ref 3]
//	TE 20, 21  ML PV TE crc    SD | SC IC(4) | encrypted: RFC … body [ref 8] | tag
//
// ML counts the bytes behind the first seven of the frame as it is sent.  All numbers are big-endian.
//
//	key        CMAC(K_dev, 01 | label(4) | 00 | SD | KE | dir | TE | 0080)            label aead, encr, auth
//	           CMAC(K_dev, 01 | "conn"   | 00 | SD | Rs(8) | Rd(8) | dir | TE | 0080) of one connection
//	SC         direction (80: from the server) | 40: connection key | key epoch, 6 bits
//	TE 20, 21  CCM; nonce SC | SD | PV | TE | 0000 | IC; associated data: the 16 bytes through IC with I = 000000
//	TE 10, 11  mac: the first 24 bits of CMAC(auth, TE | SC | SD | F | ML | 00000000 | the frame as sent with I = 000000);
//	           F is IC (TE 11), the counter of the connection (TE 10 under its key), NUT as it stands, or 0
//	TE 11      CTR (encr), blocks SC | SD | PV | TE | 0000 | IC | 00 | n(2), n from 1; FC16 is the low half of IC
//
// dir is one byte, 00 from the device and 01 from the server.
package protect
