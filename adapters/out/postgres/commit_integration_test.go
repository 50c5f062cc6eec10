//go:build integration

package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/fixture"
)

// TestLostCommit breaks the connection at the COMMIT.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		when      cut
		logs      bool // the transaction appends to the log
		refuse    bool // the server can't be asked either
		known     bool // the caller is told that it is committed
		committed bool
	}{
		"no commit is lost":                                {logs: true, known: true, committed: true},
		"the answer is lost":                               {when: afterCommit, logs: true, known: true, committed: true},
		"the answer is lost, and the server with it":       {when: afterCommit, logs: true, refuse: true, committed: true},
		"the answer is lost, of one that appended nothing": {when: afterCommit, committed: true},
		"the COMMIT is lost":                               {when: beforeCommit, logs: true},
		"the COMMIT is lost, and the server with it":       {when: beforeCommit, logs: true, refuse: true},
		"the COMMIT is lost, of one that appended nothing": {when: beforeCommit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := fixture.PostgresDSN(t)
			p, address := newProxy(t, dsn)
			d := openStore(t, address, func(c *postgres.Config) {
				if test.refuse {
					c.StatementTimeout = 300 * time.Millisecond // for as long as it is asked
				}
			})
			u := build.User(t)
			entries := build.Entries(t, 2, u.ID())
			p.arm(test.when, test.refuse)
			runs := 0
			err := d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
				runs++
				if err := tx.InsertUser(ctx, u); err != nil || !test.logs {
					return err
				}
				return tx.Append(ctx, entries)
			})
			if test.known {
				require.NoError(t, err)
			} else {
				requireKind(t, fault.Unavailable, err)
			}
			require.Equal(t, 1, runs)
			direct := openStore(t, dsn)
			// The server ends a transaction some time after its connection broke.
			_, err = direct.User(t.Context(), u.ID(), ports.Current)
			if test.committed {
				require.NoError(t, err)
				published := direct.publish(t, direct.lead(t, "a"), 10)
				require.Len(t, published, map[bool]int{true: 2}[test.logs])
			} else {
				requireKind(t, fault.NotFound, err)
			}
		})
	}
}

// TestRunAgainAfterUnknown runs a transaction again whose commit's answer was lost for good, with the same ids: an
// event with an external id that is the very one in the log isn't a duplicate of itself.
func TestRunAgainAfterUnknown(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	u := build.User(t)
	require.NoError(t, d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) }))
	entry := build.Entry(t, u.ID(), withExternalID("1"))
	for range 2 {
		var recorded []ports.Recorded
		require.NoError(t, d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) (err error) {
			recorded, err = tx.Record(ctx, []stream.Entry{entry})
			return err
		}))
		require.Equal(t, []ports.Recorded{{Outcome: ports.Accepted, Event: entry.Event}}, recorded)
	}
	require.Len(t, d.publish(t, d.lead(t, "a"), 10), 1)
}
