// Package postgres is the store on PostgreSQL 15 and later: every role of ports.Store over one database.
//
// The log is partitioned by week, by ranges of its ids, and is never updated. What order it is published in is
// settled by batches, which are cut by the difference of two snapshots (windows.go); that order holds however long a
// transaction takes, and is the same whenever it is read again.
//
// A pool is opened lazily: while the server can't be reached, requests get Unavailable faults, and they succeed again
// once it is back. Errors become faults by SQLSTATE and constraint name (fault.go). The schema is brought up by
// Migrate, never by Open.
//
// Queries are written in queries/*.sql and typed by sqlc into internal/db; those that sqlc can't type, or that are put
// together from the filters asked for, are beside the code that runs them, with the reason.
package postgres
