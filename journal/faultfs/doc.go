// Package faultfs is a disk for SQLite that can lose its power, fill up and break.  The disk lives in memory and is for
// tests: ten thousand power cuts take a minute.
//
//	database/sql ──▶ SQLite ──▶ VFS ──▶ Disk ──▶ names: the directory │ what the platter has of it │ changes since
//	                                      │
//	                                      ├────▶ file:  the content   │ what the platter has of it │ changes since its sync
//	                                      │             locks and WAL index, shared by the connections, never on the platter
//	                                      │
//	                                      ├── faults: the n-th call of a kind fails, or is the last one before the power cut;
//	                                      │           there is only so much room
//	                                      └── trace:  each call and the test's own marks, numbered in one order
//
// A Disk is a VFS of its own name; DSN has it in a form for sql.Open("sqlite", …).  Crash cuts the power and returns
// a new Disk that holds what a machine would find after it has come up again.
//
// # What survives a power cut
//
// Everything that a successful sync covered.  Of the rest, with Crash(0) nothing, with Crash(100) everything, in
// between a part that depends on the seed, by one of these patterns: a beginning of the changes in their order, the
// last one torn; an end of them without the beginning; some whole writes and not others; some sectors and not others.
// Always:
//
//   - A sector (512 bytes) on the platter is that sector as it was in memory at some moment since its last sync.
//     Writes do not damage their neighbours (SQLITE_IOCAP_POWERSAFE_OVERWRITE, which SQLite assumes on Unix as well).
//   - A file is as long as what was kept of it, or as long as it was in memory; what was not kept reads as zeros,
//     never as somebody else's data.
//   - Changes of the metadata keep their order, as in a journaling file system: of the creations and deletions, and
//     of one file's truncations, a beginning survives.  Bytes written behind an end that a lost truncation drew is
//     lost too.
//   - The name of a new file is safe only when the directory was synced after its creation; a sync of the file alone
//     is not enough (POSIX promises no more; ext4 and XFS would keep it).  SQLite syncs the directory with the first
//     sync of a new journal or WAL and when it deletes with syncDir, and that makes all changes of names before it
//     safe: there is one directory.
//   - WAL index and locks are gone.
//
// # What a failed sync leaves behind
//
// What Linux leaves: the pages count as clean.  Some of the unsynced changes reached the platter (the seed says
// which), the others never will, however many later syncs succeed; reading still shows them until the power goes.  So
// nobody may sync again and believe it: SyncsAfterFailure counts who tried.  Also a sync by another connection
// succeeds, as up to Linux 4.12; since then it reports the same error once.
//
// # Not modelled
//
// A failing sync of the directory, which SQLite's own Unix layer ignores; memory-mapped reading; damage of sectors at
// rest, which a test does to an Image.
//
// # Invariants
//
//   - The package starts no goroutine.  A mutex per Disk orders all calls; connections may run in parallel.
//   - After Crash, or a fault PowerCut, no call changes anything and all fail with SQLITE_IOERR; only closing and
//     unlocking work.
//   - The same calls on a Disk of the same seed lose the same sectors.  SQLite's own random numbers (the salts of a
//     WAL) are not of the seed.
package faultfs
