//go:build integration

package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

func withExternalID(externalID string) func(*event.Draft) {
	return func(d *event.Draft) { d.ExternalID = &externalID }
}

// TestKeysHaveTheirEvents deletes users while events with external ids are recorded for them: a key without its event
// would refuse that event for good.
func TestKeysHaveTheirEvents(t *testing.T) {
	t.Parallel()
	const rounds, senders = 20, 4
	d := newStore(t)
	refused := atomic.Int64{}
	for range rounds {
		u := build.User(t)
		require.NoError(t, d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) }))
		var group sync.WaitGroup
		for k := range senders {
			group.Go(func() {
				for i := 0; ; i++ {
					entries := build.Entries(t, 1, u.ID(), withExternalID(fmt.Sprint(k, "-", i)))
					entries = append(entries, build.Entry(t, build.ID(), withExternalID("1"))) // of nobody
					var recorded []ports.Recorded
					err := d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) (err error) {
						recorded, err = tx.Record(ctx, entries)
						return err
					})
					if !assert.NoError(t, err) || recorded[0].Outcome == ports.UnknownUser {
						refused.Add(1)
						return
					}
				}
			})
		}
		require.NoError(t, d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
			locked, err := tx.LockUser(ctx, u.ID())
			if err != nil {
				return err
			}
			return tx.DeleteUser(ctx, locked.Deleted(u.State().CreatedAt))
		}))
		group.Wait()
	}
	require.EqualValues(t, rounds*senders, refused.Load())
	require.Zero(t, d.count(t, "SELECT count(*) FROM event_keys k WHERE NOT EXISTS (SELECT FROM log l WHERE l.id = k.event_id)"))
	require.Equal(t, d.count(t, "SELECT count(*) FROM log"), d.count(t, "SELECT count(*) FROM event_keys"))
}

// TestPersonalDataIsBlanked looks at what is kept of a deleted user.
func TestPersonalDataIsBlanked(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	u := build.User(t)
	require.NoError(t, d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.InsertUser(ctx, u); err != nil {
			return err
		}
		return tx.DeleteUser(ctx, u.Deleted(u.State().CreatedAt))
	}))
	require.Equal(t, 1, d.count(t, `SELECT count(*) FROM users WHERE email = '' AND email_fold = '' AND first_name = '' AND
		last_name = '' AND attributes = '{}' AND version = 2 AND deleted_at IS NOT NULL`))
}

// TestUnstorable sends what PostgreSQL can't keep.
func TestUnstorable(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	u := build.User(t)
	require.NoError(t, d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) }))
	for name, text := range map[string]string{"NUL": "{\"a\":\"\x00\"}", "no UTF-8": "{\"a\":\"\xff\"}"} {
		t.Run(name, func(t *testing.T) {
			eid := build.ID()
			e := stream.Entry{Event: event.Restore(event.State{
				ID: eid, UserID: u.ID(), Type: "a", Source: "/", Data: document.Stored(text), OccurredAt: eid.Time(),
			})}
			requireKind(t, fault.Invalid, d.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
				_, err := tx.Record(ctx, []stream.Entry{e})
				return err
			}))
		})
	}
}
