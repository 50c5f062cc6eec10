package contract

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// open is a transaction that is open and does what it is told.
type open struct {
	orders chan order
	obeyed chan error
	ended  chan error
}

// order tells a transaction to record entries, or to end.
type order struct {
	entries []stream.Entry
	end     bool
	with    error
}

// begin begins a transaction. Entries that it recorded are in the tally once it ended.
func (y *tally) begin(t *testing.T, s ports.Store) *open {
	t.Helper()
	o := &open{orders: make(chan order), obeyed: make(chan error), ended: make(chan error, 1)}
	ctx := testContext(t)
	var recorded []stream.Entry
	go func() {
		o.ended <- y.run(ctx, s, func(ctx context.Context, tx ports.Tx) ([]id.ID, error) {
			if _, err := tx.Record(ctx, recorded); err != nil { // of a run before
				return nil, err
			}
			for {
				select {
				case now := <-o.orders:
					if now.end {
						return entryIDs(recorded), now.with
					}
					_, err := tx.Record(ctx, now.entries)
					recorded = append(recorded, now.entries...)
					o.obeyed <- err
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
		})
	}()
	return o
}

func (o *open) record(t *testing.T, entries ...stream.Entry) {
	t.Helper()
	o.orders <- order{entries: entries}
	require.NoError(t, <-o.obeyed)
}

func (o *open) end(t *testing.T, with error) {
	t.Helper()
	o.orders <- order{end: true, with: with}
	require.ErrorIs(t, <-o.ended, with)
}

// commit records entries in a transaction of their own.
func (y *tally) commit(t *testing.T, s ports.Store, entries ...stream.Entry) {
	t.Helper()
	require.NoError(t, y.run(testContext(t), s, func(ctx context.Context, tx ports.Tx) ([]id.ID, error) {
		_, err := tx.Record(ctx, entries)
		return entryIDs(entries), err
	}))
}

func lateCommit(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	y := newTally()
	e := entriesOfUsers(t, s, 7)
	late, never := y.begin(t, s), y.begin(t, s)
	late.record(t, e[4])
	never.record(t, eventEntry(e[0].Event.UserID()))
	y.commit(t, s, e[0])
	y.commit(t, s, e[1], e[2])
	published := publish(t, s, l, roomy)
	require.Equal(t, entryIDs(e[:3]), eventIDs(published), "an open transaction holds others up, or shows before its commit")
	requirePending(t, s, 0)
	y.commit(t, s, e[3])
	published = append(published, publish(t, s, l, roomy)...)
	requirePending(t, s, 0)
	late.record(t, e[5])
	late.end(t, nil)
	never.end(t, errMine)
	requirePending(t, s, 2)
	y.commit(t, s, e[6])
	requirePending(t, s, 3)
	published = append(published, publish(t, s, l, ports.BatchLimits{Entries: 1, Bytes: 1 << 20})...)
	require.Equal(t, entryIDs(e), eventIDs(published))
	y.requireKept(t, published)
	requireSequences(t, published)
	requireUnbroken(t, published)
	requireReadAlike(t, s, published)
}

func lateCommitWithinCut(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	y := newTally()
	e := entriesOfUsers(t, s, 12)
	limits := ports.BatchLimits{Entries: 3, Bytes: 1 << 20}
	late, later := y.begin(t, s), y.begin(t, s)
	y.commit(t, s, e[0])
	late.record(t, e[6], e[7]) // inserted among what is cut, and committed after
	y.commit(t, s, e[1:3]...)
	y.commit(t, s, e[3])
	later.record(t, e[8])
	y.commit(t, s, e[4:6]...)
	first := nextBatch(t, s, l, limits)
	late.end(t, nil)
	y.commit(t, s, e[9])
	require.Equal(t, first, nextBatch(t, s, l, limits))
	require.Equal(t, first.Entries, readPublished(t, s, nil, 100))
	markDone(t, s, l, first)
	second := nextBatch(t, s, l, limits)
	later.end(t, nil)
	y.commit(t, s, e[10:]...)
	require.Equal(t, second, nextBatch(t, s, l, limits))
	published := append(first.Entries, second.Entries...)
	require.Equal(t, published, readPublished(t, s, nil, 100))
	markDone(t, s, l, second)
	published = append(published, publish(t, s, l, limits)...)
	y.requireKept(t, published)
	requireSequences(t, published)
	requireUnbroken(t, published)
	requireReadAlike(t, s, published)
}

// manyLateCommits opens, writes to and ends up to four transactions in random order, while others are committed and
// batches are cut, handed out again and done.
func manyLateCommits(t *testing.T, h StoreHarness) {
	const steps, most = 100, 4
	s := h.New(t)
	l := lead(t, s, "a")
	y := newTally()
	users := y.addUsers(t, s, 3)
	random := rand.New(rand.NewPCG(3, 7))
	var opened []*open
	var published []stream.Published
	entry := func() stream.Entry { return eventEntry(users[random.IntN(len(users))]) }
	for range steps {
		switch k := random.IntN(max(1, len(opened))); random.IntN(8) {
		case 0, 1:
			if len(opened) < most {
				opened = append(opened, y.begin(t, s))
				opened[len(opened)-1].record(t, entry())
			}
		case 2:
			if len(opened) > 0 {
				opened[k].record(t, entry())
			}
		case 3:
			if len(opened) > 0 {
				with := error(nil)
				if random.IntN(3) == 0 {
					with = errMine
				}
				opened[k].end(t, with)
				opened = append(opened[:k], opened[k+1:]...)
			}
		case 4, 5:
			y.commit(t, s, entry(), entry())
		default:
			b, err := s.NextBatch(testContext(t), l, partitions, ports.BatchLimits{Entries: 1 + random.IntN(3), Bytes: 1 << 20})
			require.NoError(t, err)
			if b == nil {
				continue
			}
			if random.IntN(3) > 0 {
				require.NoError(t, s.BatchDone(testContext(t), l, b.Number))
				published = append(published, b.Entries...)
			}
		}
	}
	for _, o := range opened {
		o.end(t, nil)
	}
	published = append(published, publish(t, s, l, roomy)...)
	y.requireKept(t, published)
	requireSequences(t, published)
	requireUnbroken(t, published)
	requireReadAlike(t, s, published)
}
