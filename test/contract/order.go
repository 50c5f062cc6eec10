package contract

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var orderTests = []storeTest{
	{name: "the order of commits, not of ids", run: orderOfCommits},
	{name: "entries of one transaction keep their order", run: orderWithinTransaction},
	{name: "concurrent writers", run: concurrentWriters},
	{name: "concurrent writers while relays take over from each other", run: concurrentWritersAndTakeovers},
	{name: "a late commit comes later and isn't lost", needs: needsConcurrentWriters, run: lateCommit},
	{name: "a late commit changes nothing that was cut", needs: needsConcurrentWriters, run: lateCommitWithinCut},
	{name: "late commits and rollbacks in any order", needs: needsConcurrentWriters, run: manyLateCommits},
}

func orderOfCommits(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 5)
	for i := len(entries) - 1; i >= 0; i-- {
		accepted(t, s, entries[i])
	}
	published := publish(t, s, l, ports.BatchLimits{Entries: 2, Bytes: 1 << 20})
	require.Len(t, published, 5)
	for i, p := range published {
		require.Equal(t, entries[len(entries)-1-i], p.Entry)
	}
}

func orderWithinTransaction(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 60)
	rand.Shuffle(len(entries), func(i, k int) { entries[i], entries[k] = entries[k], entries[i] })
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		for i := 0; i < len(entries); i += 15 {
			if i == 30 {
				if err := tx.Append(ctx, entries[i:i+15]); err != nil {
					return err
				}
				continue
			}
			if _, err := tx.Record(ctx, entries[i:i+15]); err != nil {
				return err
			}
		}
		return nil
	})
	require.Equal(t, entryIDs(entries), eventIDs(publish(t, s, l, roomy)))
}

// tally is what writers did, to compare the published order with.
type tally struct {
	clock atomic.Int64
	mu    sync.Mutex
	spans map[id.ID]span
	lost  map[id.ID]bool
}

// span is when a transaction that appended an entry began and was answered, by the tally's clock.
type span struct{ began, answered int64 }

func newTally() *tally { return &tally{spans: map[id.ID]span{}, lost: map[id.ID]bool{}} }

// run runs a transaction that appends entries of these ids.
func (y *tally) run(ctx context.Context, s ports.Store, fn func(ctx context.Context, tx ports.Tx) ([]id.ID, error)) error {
	began := y.clock.Add(1)
	var ids []id.ID
	err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) (err error) {
		ids, err = fn(ctx, tx)
		return err
	})
	answered := y.clock.Add(1)
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, eid := range ids {
		if err == nil {
			y.spans[eid] = span{began, answered}
		} else {
			y.lost[eid] = true
		}
	}
	return err
}

// requireKept requires that every entry committed was published exactly once, no other was, and none before an entry
// whose transaction was answered before its own began.
func (y *tally) requireKept(t *testing.T, published []stream.Published) {
	t.Helper()
	seen := map[id.ID]bool{}
	latest := int64(0) // beginning of any transaction so far
	versions := map[id.ID]int{}
	for _, p := range published {
		eid := p.Event.ID()
		at, committed := y.spans[eid]
		require.True(t, committed, "an entry that wasn't committed was published (rolled back: %v)", y.lost[eid])
		require.False(t, seen[eid], "an entry was published twice")
		seen[eid] = true
		require.Greater(t, at.answered, latest, "an entry was published after one that was sent later than its answer")
		latest = max(latest, at.began)
		if p.Event.IsOwn() {
			var version int
			_, err := fmt.Sscanf(p.Event.State().Data.String(), `{"version":%d}`, &version)
			require.NoError(t, err)
			require.Equal(t, versions[p.Event.UserID()]+1, version, "a user's versions don't ascend")
			versions[p.Event.UserID()] = version
		}
	}
	require.Len(t, published, len(y.spans), "entries were lost")
}

// requireSequences requires that sequences and previous ones are as one reader of each partition must find them.
func requireSequences(t *testing.T, published []stream.Published) {
	t.Helper()
	var last [partitions]int64
	sequence := int64(0)
	for _, p := range published {
		require.Greater(t, p.Sequence, sequence)
		sequence = p.Sequence
		require.Equal(t, stream.Partition(p.Event.UserID(), partitions), p.Partition)
		require.Equal(t, last[p.Partition], p.Previous)
		last[p.Partition] = p.Sequence
	}
}

func requireUnbroken(t *testing.T, published []stream.Published) {
	t.Helper()
	for i, p := range published {
		require.Equal(t, published[0].Sequence+int64(i), p.Sequence)
	}
}

// requireReadAlike requires that every reading gives the same order.
func requireReadAlike(t *testing.T, s ports.Store, published []stream.Published) {
	t.Helper()
	for _, limit := range []int{1000, 17} {
		require.Equal(t, published, readPublished(t, s, nil, limit))
	}
	for p := range int32(partitions) {
		var want []stream.Published
		for _, e := range published {
			if e.Partition == p {
				want = append(want, e)
			}
		}
		requirePublished(t, want, readPublished(t, s, &p, 13))
	}
}

func versionEntry(uid id.ID, version int64) stream.Entry {
	eventType := event.UserUpdated
	if version == 1 {
		eventType = event.UserCreated
	}
	data := document.Stored(fmt.Sprintf(`{"version":%d}`, version))
	return stream.Entry{Event: event.Own(build.ID(), uid, eventType, data)}
}

func eventEntry(uid id.ID) stream.Entry {
	eid := build.ID()
	return stream.Entry{Event: event.Restore(event.State{ID: eid, UserID: uid, Type: "thing.done", Source: "/api", OccurredAt: eid.Time()})}
}

// addUsers inserts users, the first version of each in the log.
func (y *tally) addUsers(t *testing.T, s ports.Store, n int) []id.ID {
	t.Helper()
	users := make([]id.ID, n)
	for i := range users {
		u := build.User(t)
		users[i] = u.ID()
		require.NoError(t, y.run(testContext(t), s, func(ctx context.Context, tx ports.Tx) ([]id.ID, error) {
			if err := tx.InsertUser(ctx, u); err != nil {
				return nil, err
			}
			e := versionEntry(u.ID(), 1)
			return []id.ID{e.Event.ID()}, tx.Append(ctx, []stream.Entry{e})
		}))
	}
	return users
}

// writeALot has 32 writers run transactions: events, changes of shared users, some rolled back.
func (y *tally) writeALot(t *testing.T, ctx context.Context, s ports.Store, users []id.ID) {
	t.Helper()
	const writers, rounds = 32, 8
	parallel(writers, func(i int) {
		random := rand.New(rand.NewPCG(uint64(i), 1))
		for range rounds {
			uid, rollback, change, n := users[random.IntN(len(users))], random.IntN(5) == 0, random.IntN(3) == 0, 1+random.IntN(4)
			err := y.run(ctx, s, func(ctx context.Context, tx ports.Tx) ([]id.ID, error) {
				var entries []stream.Entry
				for range n {
					entries = append(entries, eventEntry(uid))
				}
				_, err := tx.Record(ctx, entries)
				if err == nil && change {
					var next user.User
					if next, err = replaceIn(ctx, tx, uid, func(d *user.Draft) { d.FirstName = fmt.Sprint("Name ", build.ID()) }); err == nil {
						own := versionEntry(uid, next.Version())
						entries = append(entries, own)
						err = tx.Append(ctx, []stream.Entry{own})
					}
				}
				if err == nil && rollback {
					err = errMine
				}
				return entryIDs(entries), err
			})
			if rollback {
				assert.ErrorIs(t, err, errMine)
			} else {
				assertOK(t, err)
			}
		}
	})
}

// whileWriting runs a relay's part again and again while writers write, and until it says that there is no more.
func whileWriting(t *testing.T, s ports.Store, y *tally, relay func(ctx context.Context) (more bool, err error)) {
	t.Helper()
	ctx := testContext(t)
	users := y.addUsers(t, s, 8)
	written := make(chan struct{})
	go func() {
		defer close(written)
		y.writeALot(t, ctx, s, users)
	}()
	for {
		last := false
		select {
		case <-written:
			last = true
		default:
		}
		more, err := relay(ctx)
		if err != nil {
			<-written
			require.NoError(t, err)
		}
		if last && !more {
			return
		}
	}
}

func concurrentWriters(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	y := newTally()
	var published []stream.Published
	whileWriting(t, s, y, func(ctx context.Context) (bool, error) {
		b, err := s.NextBatch(ctx, l, partitions, ports.BatchLimits{Entries: 1 + rand.IntN(20), Bytes: 1 << 20})
		if err != nil || b == nil {
			return false, err
		}
		published = append(published, b.Entries...)
		return true, s.BatchDone(ctx, l, b.Number)
	})
	y.requireKept(t, published)
	requireSequences(t, published)
	requireUnbroken(t, published)
	requireReadAlike(t, s, published)
	requirePending(t, s, 0)
}

// concurrentWritersAndTakeovers has the lease run out all the time, with batches undone. Whatever is read in the end
// must hold every batch that any relay was given, as it was given.
func concurrentWritersAndTakeovers(t *testing.T, h StoreHarness) {
	s := h.New(t)
	y := newTally()
	given := map[int64]stream.Published{}
	turn := 0
	whileWriting(t, s, y, func(ctx context.Context) (bool, error) {
		turn++
		l, ok, err := s.AcquireLease(ctx, ports.RelayLease, fmt.Sprint("holder ", turn%3), time.Millisecond)
		if err != nil || !ok {
			return true, err
		}
		for range 3 {
			b, err := s.NextBatch(ctx, l, partitions, ports.BatchLimits{Entries: 1 + turn%25, Bytes: 1 << 20})
			if fault.Is(err, fault.Fenced) {
				return true, nil
			}
			if err != nil || b == nil {
				return false, err
			}
			for _, p := range b.Entries {
				if earlier, again := given[p.Sequence]; again {
					assert.Equal(t, earlier, p)
				}
				given[p.Sequence] = p
			}
			if turn%4 == 0 {
				return true, nil
			}
			if err := s.BatchDone(ctx, l, b.Number); fault.Is(err, fault.Fenced) {
				return true, nil
			} else if err != nil {
				return true, err
			}
		}
		return true, nil
	})
	published := readPublished(t, s, nil, 100)
	require.Len(t, given, len(published))
	for _, p := range published {
		require.Equal(t, given[p.Sequence], p)
	}
	y.requireKept(t, published)
	requireSequences(t, published)
	requireUnbroken(t, published)
	requireReadAlike(t, s, published)
}
