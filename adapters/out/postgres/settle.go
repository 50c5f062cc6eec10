package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headrace/headrace/domain/fault"
)

// firstSettlePause is how long to wait before the server is asked again what became of a commit; each further time is
// twice that, up to maxSettlePause.
const (
	firstSettlePause = 50 * time.Millisecond
	maxSettlePause   = time.Second
)

// settle finds out what became of a transaction whose connection broke during the commit, lost being the error. It
// returns nil when it was committed, and an Unavailable fault when it wasn't or that can't be known in time. The
// transaction's connection must have been released, or as many as the pool has would wait for each other's.
//
// The entry is what proves the commit. pg_xact_status alone doesn't: a server that crashed, or a replica that took
// over, may have given the same xid to another transaction. It tells whether it is worth asking again. A transaction
// that appended nothing (a worker's) stays unknown; its caller reads its memory again anyway.
func (s *Store) settle(ctx context.Context, t *tx, lost error) error {
	unknown := fault.Wrap(fault.Unavailable, unavailable, fmt.Errorf("commit, outcome unknown: %w", lost))
	if t.xid == 0 {
		return unknown
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.commitTime)
	defer cancel()
	for asked, pause := 1, firstSettlePause; ; asked, pause = asked+1, min(2*pause, maxSettlePause) {
		committed, over, err := s.outcome(ctx, t)
		var outcome string
		var result error
		switch {
		case committed:
			outcome = "committed"
		case over:
			outcome = "rolled back"
			result = fault.Wrap(fault.Unavailable, unavailable, fmt.Errorf("commit, rolled back: %w", lost))
		case wait(ctx, pause) != nil:
			outcome, result = "unknown", unknown
		default:
			continue
		}
		s.logger.WarnContext(ctx, "The answer to a commit was lost.", "outcome", outcome, "asked", asked, "error", errors.Join(lost, err))
		return result
	}
}

// outcome asks once. over means that the transaction ended without a commit.
func (s *Store) outcome(ctx context.Context, t *tx) (committed, over bool, err error) {
	// By hand: sqlc doesn't know pg_xact_status.
	var status *string
	err = s.pool.QueryRow(ctx,
		`SELECT EXISTS (SELECT FROM log WHERE id = $1 AND xid = $2), pg_xact_status($2)`,
		[16]byte(t.logged), t.xid).Scan(&committed, &status)
	if isState(err, invalidParameter) {
		return false, true, nil // the xid wasn't given out yet: the server crashed before the transaction was on disk
	}
	if err != nil {
		return false, false, err
	}
	return committed, status != nil && *status == "aborted", nil
}
