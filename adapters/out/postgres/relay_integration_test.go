//go:build integration

package postgres_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// TestWritersAndRelays has 32 writers, a third of whose transactions are rolled back, one long transaction, and two
// relays that take the lease from each other, while they cut batches.
func TestWritersAndRelays(t *testing.T) {
	t.Parallel()
	const writers, rounds, each = 32, 40, 5
	d := newStore(t)
	long, err := d.connect(t).Begin(t.Context())
	require.NoError(t, err)
	byWriter := make([][]id.ID, writers+1)
	byWriter[writers] = insert(t, long, 300)

	var writing sync.WaitGroup
	for w := range writers {
		c := d.connect(t)
		writing.Go(func() {
			for range rounds {
				tx, err := c.Begin(t.Context())
				if !assert.NoError(t, err) {
					return
				}
				ids := insert(t, tx, 1+rand.N(each))
				if rand.N(3) == 0 {
					assert.NoError(t, tx.Rollback(t.Context()))
					continue
				}
				assert.NoError(t, tx.Commit(t.Context()))
				byWriter[w] = append(byWriter[w], ids...)
			}
		})
	}
	stop := make(chan struct{})
	var published []stream.Published
	var mu sync.Mutex
	var relaying sync.WaitGroup
	for _, holder := range []string{"a", "b"} {
		s := openStore(t, d.dsn)
		relaying.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				l, ok, err := s.AcquireLease(t.Context(), ports.RelayLease, holder, time.Millisecond)
				if !assert.NoError(t, err) || !ok {
					continue
				}
				b, err := s.NextBatch(t.Context(), l, partitions, ports.BatchLimits{Entries: 1 + rand.N(40), Bytes: 1 << 30})
				if fault.Is(err, fault.Fenced) || b == nil && assert.NoError(t, err) {
					continue
				}
				if err := s.BatchDone(t.Context(), l, b.Number); fault.Is(err, fault.Fenced) || !assert.NoError(t, err) {
					continue
				}
				mu.Lock()
				published = append(published, b.Entries...)
				mu.Unlock()
			}
		})
	}
	writing.Wait()
	byWriter[writers] = append(byWriter[writers], insert(t, long, 300)...)
	require.NoError(t, long.Commit(t.Context()))
	close(stop)
	relaying.Wait()
	require.Eventually(t, func() bool { // the last of these leases runs out
		_, ok, err := d.AcquireLease(t.Context(), ports.RelayLease, "c", time.Hour)
		return err == nil && ok
	}, patience, 10*time.Millisecond)
	published = append(published, d.publish(t, d.lead(t, "c"), 1000)...)

	require.Len(t, published, d.count(t, "SELECT count(*) FROM log"))
	all := d.readAll(t)
	require.Equal(t, all, d.readAll(t))
	place := map[id.ID]int64{}
	for i, p := range all {
		require.EqualValues(t, i+1, p.Sequence)
		place[p.Event.ID()] = p.Sequence
	}
	require.Len(t, place, len(published), "an entry was published twice")
	for _, p := range published {
		require.Equal(t, place[p.Event.ID()], p.Sequence, "an entry's sequence isn't the same when it is read again")
	}
	for _, ids := range byWriter {
		last := int64(0)
		for _, eid := range ids {
			require.Greater(t, place[eid], last, "a writer's entries are missing or turned around")
			last = place[eid]
		}
	}
}

// TestFencedWhileCutting lets a relay lose its lease after it has read what it is about to cut.
func TestFencedWhileCutting(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	insert(t, d.connect(t), 10)
	stopped, _, err := d.AcquireLease(t.Context(), ports.RelayLease, "stopped", time.Millisecond)
	require.NoError(t, err)
	blocker, err := d.connect(t).Begin(t.Context())
	require.NoError(t, err)
	_, err = blocker.Exec(t.Context(), "LOCK TABLE relay_batches IN SHARE MODE") // no insert gets through
	require.NoError(t, err)
	result := make(chan error, 1)
	go func() {
		_, err := d.NextBatch(t.Context(), stopped, partitions, ports.BatchLimits{Entries: 4, Bytes: 1 << 20})
		result <- err
	}()
	d.awaitBlocked(t, 1)
	var l ports.Lease
	require.Eventually(t, func() (ok bool) {
		l, ok, err = d.AcquireLease(t.Context(), ports.RelayLease, "next", time.Hour)
		return err == nil && ok
	}, patience, 10*time.Millisecond)
	require.NoError(t, blocker.Rollback(t.Context()))
	requireKind(t, fault.Fenced, <-result)
	head, err := d.Head(t.Context())
	require.NoError(t, err)
	require.Zero(t, head)
	b := d.next(t, l, 4)
	require.Equal(t, l.Epoch, b.Epoch)
	require.EqualValues(t, 1, b.First)
}

// TestTakeoverWaitsForCut lets another relay take over while a batch is being inserted: it waits, and then finds it.
func TestTakeoverWaitsForCut(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	insert(t, d.connect(t), 10)
	d.exec(t, `
		CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM pg_advisory_xact_lock(1);
			RETURN NEW;
		END $$;
		CREATE TRIGGER wait BEFORE INSERT ON relay_batches FOR EACH ROW EXECUTE FUNCTION wait()`)
	c := d.connect(t)
	_, err := c.Exec(t.Context(), "SELECT pg_advisory_lock(1)")
	require.NoError(t, err)
	stopped, _, err := d.AcquireLease(t.Context(), ports.RelayLease, "stopped", time.Millisecond)
	require.NoError(t, err)
	cut := make(chan *ports.PublishedBatch, 1)
	go func() {
		b, err := d.NextBatch(t.Context(), stopped, partitions, ports.BatchLimits{Entries: 4, Bytes: 1 << 20})
		assert.NoError(t, err)
		cut <- b
	}()
	d.awaitBlocked(t, 1)
	taken := make(chan ports.Lease, 1)
	go func() {
		l, ok, err := d.AcquireLease(t.Context(), ports.RelayLease, "next", time.Hour)
		assert.NoError(t, err)
		assert.True(t, ok)
		taken <- l
	}()
	d.awaitBlocked(t, 2)
	_, err = c.Exec(t.Context(), "SELECT pg_advisory_unlock(1)")
	require.NoError(t, err)
	first, l := <-cut, <-taken
	require.Equal(t, stopped.Epoch, first.Epoch)
	require.Equal(t, first, d.next(t, l, 100))
	requireKind(t, fault.Fenced, d.BatchDone(t.Context(), stopped, first.Number))
}

// TestRereadMismatch changes the log behind a batch that was cut: nothing is published from it, nor after it.
func TestRereadMismatch(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"an entry less": "DELETE FROM log WHERE position = 4",
		"an entry more": `INSERT INTO log (id, user_id, xid, position, occurred_at, bytes, type, source, data)
			SELECT overlay(gen_random_uuid()::text placing left(id::text, 18) from 1 for 18)::uuid, user_id, xid, 3, occurred_at,
				bytes, type, source, data
			FROM log WHERE position = 4`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newStore(t)
			insert(t, d.connect(t), 10)
			d.exec(t, "DELETE FROM log WHERE position = 3")
			l := d.lead(t, "a")
			require.Len(t, d.next(t, l, 5).Entries, 5)
			d.exec(t, change)
			for range 2 {
				got, err := d.NextBatch(t.Context(), l, partitions, ports.BatchLimits{Entries: 5, Bytes: 1 << 30})
				requireKind(t, fault.Internal, err)
				require.Nil(t, got)
				_, err = d.ReadPublished(t.Context(), ports.PublishedQuery{Limit: 10})
				requireKind(t, fault.Internal, err)
			}
		})
	}
}

// TestRestOfWindowLost removes what is left of a window that is half cut.
func TestRestOfWindowLost(t *testing.T) {
	t.Parallel()
	d := newStore(t)
	insert(t, d.connect(t), 10)
	l := d.lead(t, "a")
	require.NoError(t, d.BatchDone(t.Context(), l, d.next(t, l, 5).Number))
	d.exec(t, "DELETE FROM log WHERE position > 5")
	insert(t, d.connect(t), 1)
	_, err := d.NextBatch(t.Context(), l, partitions, ports.BatchLimits{Entries: 5, Bytes: 1 << 30})
	requireKind(t, fault.Internal, err)
}
