// Package sqlite has the embedded store: everything in one SQLite database within a data directory, for a single
// machine, with nothing else to install.
//
// What it promises beyond ports.Store: what was acknowledged is on the disk (WAL with synchronous=FULL, read back at
// the start); reading never waits for writing; other processes may open the database beside a running one.
//
// How: one connection writes, in transactions that take SQLite's write lock when they begin. So transactions are
// serial, the order of positions in the log is the order of commits, and a batch of the published order is just a
// range of positions. A pool of read-only connections does the reading.
//
// Backup and restore: sequences and user versions that were given out after a backup was made must not be given out
// again after it was restored. Beside the database lies a small file, the mark, that says which history was published
// how far. When the database is behind its mark, is another one than the mark's, or has lost the mark, it gets another
// Identity, and sequences begin after stream.Base of the next epoch. Who restores a whole data directory, mark and all,
// deletes the mark to say so.
package sqlite
