package postgres

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
)

// partitionsLock is the advisory lock under which partitions are made.
const partitionsLock = 0x6865616472616365 // "headrace"

// partitionLockTimeout bounds how long attaching a partition waits for the readers of the default partition, because
// whoever comes after it waits behind it. The next call tries again.
const partitionLockTimeout = time.Second

// weekTime is the width of a partition of the log: a week, from Monday 00:00 UTC.
const weekTime = 7 * 24 * time.Hour

// lastID is the greatest id.
var lastID = id.ID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// week returns the ids that bound an instant's week: the first one in it, and the first one after it.
func week(at time.Time) (from, to id.ID) {
	monday := at.UTC().Truncate(weekTime) // the zero time is a Monday
	return firstID(monday), firstID(monday.Add(weekTime))
}

// firstID is the smallest id of an instant, of whatever version.
func firstID(at time.Time) id.ID {
	var u id.ID
	if at.After(id.Earliest) {
		first := id.First(at)
		copy(u[:6], first[:6])
	}
	return u
}

// beginner is a connection or the pool.
type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// EnsurePartitions makes the log's partitions for the week of from and as many weeks after it as are asked for, as far
// as they aren't there. It may be called at any time by any number of processes; writers are not kept waiting. It
// returns an Unavailable fault when a lock isn't free at the moment, and an error that says what to do when entries of
// such a week went to the default partition. It warns when that isn't empty.
func (s *Store) EnsurePartitions(ctx context.Context, from time.Time, weeksAhead int) error {
	strays, err := ensurePartitions(ctx, s.pool, from, weeksAhead)
	if err != nil {
		return translate(ctx, "make the log's partitions", err)
	}
	if strays {
		s.logger.WarnContext(ctx, "the log's default partition isn't empty: there was no partition for entries of some week")
	}
	return nil
}

// ensurePartitions also tells whether the default partition has entries.
func ensurePartitions(ctx context.Context, b beginner, from time.Time, weeksAhead int) (strays bool, err error) {
	for i := range weeksAhead + 1 {
		if err := ensurePartition(ctx, b, from.Add(time.Duration(i)*weekTime)); err != nil {
			return false, err
		}
	}
	t, err := b.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = t.Rollback(ctx) }()
	err = t.QueryRow(ctx, `SELECT EXISTS (SELECT FROM log_default)`).Scan(&strays)
	return strays, err
}

// ensurePartition makes one partition, in a transaction of its own so that its locks are short. The table is made
// beside the log and then attached, which lets writers of the log go on; PARTITION OF would stop them.
func ensurePartition(ctx context.Context, b beginner, at time.Time) error {
	from, to := week(at)
	name := "log_" + at.UTC().Truncate(weekTime).Format("20060102")
	t, err := b.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback(ctx) }()
	there, err := isPartition(ctx, t, name)
	if err != nil || there {
		return err
	}
	for _, sql := range []string{
		fmt.Sprintf(`SET LOCAL lock_timeout = %d`, partitionLockTimeout.Milliseconds()),
		fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d)`, int64(partitionsLock)),
	} {
		if _, err := t.Exec(ctx, sql); err != nil {
			return err
		}
	}
	// Again: somebody else may have made it while this waited for the lock.
	if there, err = isPartition(ctx, t, name); err != nil || there {
		return err
	}
	table := pgx.Identifier{name}.Sanitize()
	for _, sql := range []string{
		`CREATE TABLE ` + table + ` (LIKE log INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)`,
		`ALTER TABLE log ATTACH PARTITION ` + table + ` FOR VALUES FROM ('` + from.String() + `') TO ('` + to.String() + `')`,
	} {
		if _, err := t.Exec(ctx, sql); err != nil {
			if isState(err, checkViolation) {
				return fault.Wrap(fault.Internal, "", fmt.Errorf("partition %s can't be made, because entries of that week are in log_default: "+
					"detach it, make the partition, insert them into log, and attach it again: %w", name, err))
			}
			return err
		}
	}
	return t.Commit(ctx)
}

// isPartition asks the catalog's tables; to_regclass may answer from what the connection remembers of before a wait.
func isPartition(ctx context.Context, t pgx.Tx, name string) (there bool, err error) {
	err = t.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'log'::regclass AND c.relname = $1)`, name).Scan(&there)
	return there, err
}

func minID(a, b id.ID) id.ID {
	if compareIDs(a, b) < 0 {
		return a
	}
	return b
}

func maxID(a, b id.ID) id.ID {
	if compareIDs(a, b) > 0 {
		return a
	}
	return b
}

func compareIDs(a, b id.ID) int { return bytes.Compare(a[:], b[:]) }
