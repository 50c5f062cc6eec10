//go:build integration

package postgres_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/fixture"
)

// TestLostCommit breaks the connections of as many writers as there are connections, all at the COMMIT.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		when      cut
		logs      bool // the transactions append to the log
		refuse    bool // the server can't be asked either
		known     bool // the callers are told that it is committed
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
			const writers = 4
			dsn := fixture.PostgresDSN(t)
			p, address := newProxy(t, dsn)
			var log strings.Builder
			d := openStore(t, address, func(c *postgres.Config) {
				c.MaxConns = writers
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
				if test.refuse {
					c.StatementTimeout = time.Second // for as long as it is asked
				}
			})
			p.arm(test.when, writers, test.refuse)
			users := make([]user.User, writers)
			var writing, ready sync.WaitGroup
			ready.Add(writers)
			for i := range users {
				users[i] = build.User(t)
				entries := build.Entries(t, 2, users[i].ID())
				writing.Go(func() {
					runs := 0
					err := d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
						runs++
						err := tx.InsertUser(ctx, users[i])
						if err == nil && test.logs {
							err = tx.Append(ctx, entries)
						}
						ready.Done()
						ready.Wait() // until every connection is in use
						return err
					})
					if test.known {
						assert.NoError(t, err)
					} else {
						assert.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
					}
					assert.Equal(t, 1, runs)
				})
			}
			writing.Wait()
			settled := 0
			if test.when != never && test.logs {
				settled = writers
			}
			require.Equal(t, settled, strings.Count(log.String(), "\n"), "one line for each: %s", log.String())

			direct := openStore(t, dsn)
			for _, u := range users {
				// The server ends a transaction some time after its connection broke.
				_, err := direct.User(t.Context(), u.ID(), ports.Current)
				if test.committed {
					require.NoError(t, err)
				} else {
					requireKind(t, fault.NotFound, err)
				}
			}
			if test.committed {
				published := direct.publish(t, direct.lead(t, "a"), 10)
				require.Len(t, published, map[bool]int{true: 2 * writers}[test.logs])
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
