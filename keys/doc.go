// Package keys keeps the device keys of masters in a directory: one file for each, which nobody but its owner can use.
//
//	data/keys/             0700, ours
//	├── 12345678.key       0600: key, suite, created; in a rotation the next key beside it
//	├── 87654321.key
//	├── epochs             which epochs have begun under which key
//	└── generation         how often a gateway has begun or ended with this directory: tells a journal that was restored
//
// Whoever changes a file holds the lock of the directory, writes a new file beside it, syncs, renames and syncs the
// directory: after a loss of power the old or the new content is there, whole.  A running gateway reads the directory
// again when it is told to (Store.Reload), and itself changes a key only when the next one has been proven (Store.Commit).
//
// No error, text or log line of this package has anything of a key in it, nor what stands in a file instead of one.
package keys
