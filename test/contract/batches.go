package contract

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var batchTests = []storeTest{
	{name: "an empty log has no batch", run: emptyLog},
	{name: "a batch has its numbers, and its entries their places", run: batchNumbers},
	{name: "a batch that isn't done is handed out again", run: undoneBatchAgain},
	{name: "concurrent callers get the same batch", run: concurrentNextBatch},
	{name: "batches are bounded by entries", run: batchesByEntries},
	{name: "batches are bounded by bytes", run: batchesByBytes},
	{name: "another number of partitions is a conflict", run: otherPartitions},
	{name: "without the lease nothing is cut", run: nextBatchWithoutLease},
	{name: "batches are the same in another process", needs: needsSecond, run: batchesElsewhere},
	{name: "a batch that can't be read as it was is an error", needs: needsLoseEntry, run: lostEntry},
	{name: "what a batch returns is the caller's own", run: batchIsCallersOwn},
}

func nextBatch(t *testing.T, s ports.Store, l ports.Lease, limits ports.BatchLimits) *ports.PublishedBatch {
	t.Helper()
	b, err := s.NextBatch(testContext(t), l, partitions, limits)
	require.NoError(t, err)
	require.NotNil(t, b)
	require.False(t, b.Done)
	require.NotEmpty(t, b.Entries)
	require.Len(t, b.Entries, b.Count)
	require.Len(t, b.Before, partitions)
	return b
}

func markDone(t *testing.T, s ports.Store, l ports.Lease, b *ports.PublishedBatch) {
	t.Helper()
	require.NoError(t, s.BatchDone(testContext(t), l, b.Number))
}

func requireNoBatch(t *testing.T, s ports.Store, l ports.Lease) {
	t.Helper()
	b, err := s.NextBatch(testContext(t), l, partitions, roomy)
	require.NoError(t, err)
	require.Nil(t, b)
}

func requireHead(t *testing.T, s ports.Store, want int64) {
	t.Helper()
	head, err := s.Head(testContext(t))
	require.NoError(t, err)
	require.Equal(t, want, head)
}

func requirePending(t *testing.T, s ports.Store, want int) {
	t.Helper()
	pending, err := s.Pending(testContext(t), 1_000_000)
	require.NoError(t, err)
	require.Equal(t, want, pending)
}

func emptyLog(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	requireNoBatch(t, s, l)
	requireHead(t, s, 0)
	requirePending(t, s, 0)
	require.Empty(t, readPublished(t, s, nil, 10))
	u := addUser(t, s)
	accepted(t, s, build.Entry(t, u.ID()))
	publish(t, s, l, roomy)
	requireNoBatch(t, s, l)
}

// entriesOfUsers returns n entries about three users in turn, and the users' ids.
func entriesOfUsers(t *testing.T, s ports.Store, n int, options ...func(*event.Draft)) []stream.Entry {
	t.Helper()
	users := addUsers(t, s, 3)
	entries := make([]stream.Entry, n)
	for i := range entries {
		entries[i] = build.Entry(t, users[i%len(users)].ID(), options...)
	}
	return entries
}

func batchNumbers(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 30)
	before := make([]int64, partitions)
	number, sequence := int64(0), int64(0)
	for i := 0; i < len(entries); i += 10 {
		some := entries[i : i+10]
		accepted(t, s, some...)
		b := nextBatch(t, s, l, roomy)
		require.Equal(t, entryIDs(some), eventIDs(b.Entries), "a transaction of ten makes one batch")
		if i == 0 {
			number, sequence = b.Number-1, b.First-1
			require.GreaterOrEqual(t, b.First, int64(1))
		}
		require.Equal(t, number+1, b.Number)
		require.Equal(t, sequence+1, b.First)
		require.Equal(t, l.Epoch, b.Epoch)
		require.Equal(t, before, b.Before)
		for k, p := range b.Entries {
			sequence++
			partition := stream.Partition(p.Event.UserID(), partitions)
			require.Equal(t, stream.Published{
				Entry: some[k], Epoch: l.Epoch, Sequence: sequence, Previous: before[partition], Partition: partition,
			}, p)
			before[partition] = sequence
		}
		requireHead(t, s, b.Last())
		markDone(t, s, l, b)
		number = b.Number
	}
	requireNoBatch(t, s, l)
	require.Equal(t, entryIDs(entries), eventIDs(readPublished(t, s, nil, 7)))
}

func undoneBatchAgain(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 12)
	accepted(t, s, entries[:5]...)
	first := nextBatch(t, s, l, ports.BatchLimits{Entries: 3, Bytes: 1 << 20})
	require.Equal(t, entryIDs(entries[:3]), eventIDs(first.Entries))
	accepted(t, s, entries[5:]...)
	for _, limits := range []ports.BatchLimits{roomy, {Entries: 1, Bytes: 1}, {Entries: 4, Bytes: 1 << 20}} {
		require.Equal(t, first, nextBatch(t, s, l, limits))
	}
	requireHead(t, s, first.Last())
	requirePending(t, s, 9)
	require.Equal(t, first.Entries, readPublished(t, s, nil, 2), "a batch is read before it is done")
	markDone(t, s, l, first)
	require.Equal(t, entryIDs(entries[3:]), eventIDs(publish(t, s, l, roomy)))
}

func concurrentNextBatch(t *testing.T, h StoreHarness) {
	const callers = 8
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 10)
	accepted(t, s, entries...)
	ctx := testContext(t)
	got := make([]*ports.PublishedBatch, callers)
	parallel(callers, func(i int) {
		b, err := s.NextBatch(ctx, l, partitions, ports.BatchLimits{Entries: 1 + i, Bytes: 1 << 20})
		assertOK(t, err)
		got[i] = b
	})
	for _, b := range got {
		require.Equal(t, got[0], b)
	}
	markDone(t, s, l, got[0])
	rest := publish(t, s, l, roomy)
	require.Equal(t, entryIDs(entries), append(eventIDs(got[0].Entries), eventIDs(rest)...))
}

func batchesByEntries(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 23)
	accepted(t, s, entries[:20]...)
	accepted(t, s, entries[20:]...)
	var all []stream.Published
	for _, limit := range []int{1, 2, 5, 7, 4, 4} {
		b := nextBatch(t, s, l, ports.BatchLimits{Entries: limit, Bytes: 1 << 20})
		require.LessOrEqual(t, b.Count, limit)
		all = append(all, b.Entries...)
		require.Equal(t, all[0].Sequence+int64(len(all))-1, b.Last())
		markDone(t, s, l, b)
	}
	all = append(all, publish(t, s, l, roomy)...)
	require.Equal(t, entryIDs(entries), eventIDs(all))
	for _, limit := range []int{1, 2, 3, 23, 100} {
		require.Equal(t, all, readPublished(t, s, nil, limit))
	}
}

func batchesByBytes(t *testing.T, h StoreHarness) {
	const size = 10_000
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 12, func(d *event.Draft) {
		d.Data = build.Object(t, `{"x":"`+strings.Repeat("x", size)+`"}`)
	})
	accepted(t, s, entries...)
	var all []stream.Published
	for _, test := range []struct{ bytes, atLeast, atMost int }{{1, 1, 1}, {size - 1, 1, 1}, {3 * size, 1, 2}, {5 * size, 2, 4}} {
		b := nextBatch(t, s, l, ports.BatchLimits{Entries: 100, Bytes: test.bytes})
		require.GreaterOrEqual(t, b.Count, test.atLeast)
		require.LessOrEqual(t, b.Count, test.atMost)
		all = append(all, b.Entries...)
		markDone(t, s, l, b)
	}
	rest := nextBatch(t, s, l, roomy)
	require.Equal(t, entryIDs(entries), append(eventIDs(all), eventIDs(rest.Entries)...))
}

func otherPartitions(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	u := addUser(t, s)
	next := func(l ports.Lease, count int32) (*ports.PublishedBatch, error) {
		return s.NextBatch(testContext(t), l, count, roomy)
	}
	requireConflicts := func(when string) {
		for _, count := range []int32{1, 2, 4} {
			b, err := next(l, count)
			require.Nil(t, b)
			require.Equal(t, fault.Conflict, fault.KindOf(err), "%s: %v", when, err)
		}
	}
	accepted(t, s, build.Entry(t, u.ID()))
	b, err := next(l, 3)
	require.NoError(t, err)
	require.Len(t, b.Before, 3)
	requireConflicts("a batch is undone")
	require.NoError(t, s.BatchDone(testContext(t), l, b.Number))
	requireConflicts("nothing is pending")
	accepted(t, s, build.Entry(t, u.ID()))
	l = lead(t, s, "a")
	requireConflicts("something is pending")
	requirePending(t, s, 1)
	b, err = next(l, 3)
	require.NoError(t, err)
	require.Len(t, b.Entries, 1)
}

func nextBatchWithoutLease(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	accepted(t, s, build.Entry(t, u.ID()))
	requireFenced := func(l ports.Lease) {
		t.Helper()
		b, err := s.NextBatch(testContext(t), l, partitions, roomy)
		require.Nil(t, b)
		assertKind(t, fault.Fenced, err)
		assertKind(t, fault.Fenced, s.BatchDone(testContext(t), l, 1))
		requireHead(t, s, 0)
		requirePending(t, s, 1)
	}
	requireFenced(ports.Lease{})
	requireFenced(ports.Lease{Name: ports.RelayLease, Holder: "a", Epoch: 1})
	other, _ := acquire(t, s, "other", "a", blink)
	requireFenced(other)
	l := lead(t, s, "a")
	requireFenced(ports.Lease{Name: l.Name, Holder: "b", Epoch: l.Epoch})
	requireFenced(ports.Lease{Name: l.Name, Holder: l.Holder, Epoch: l.Epoch - 1})
	requireFenced(ports.Lease{Name: l.Name, Holder: l.Holder, Epoch: l.Epoch + 1})
	require.NoError(t, s.ReleaseLease(testContext(t), l))
	requireFenced(l)
	require.Len(t, publish(t, s, lead(t, s, "a"), roomy), 1)
}

func batchesElsewhere(t *testing.T, h StoreHarness) {
	s := h.New(t)
	other := h.Second(t, s)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 10)
	accepted(t, other, entries[:6]...)
	b := nextBatch(t, s, l, ports.BatchLimits{Entries: 4, Bytes: 1 << 20})
	require.Equal(t, b, nextBatch(t, other, l, roomy))
	markDone(t, other, l, b)
	accepted(t, s, entries[6:]...)
	publish(t, s, l, roomy)
	all := readPublished(t, s, nil, 3)
	require.Equal(t, entryIDs(entries), eventIDs(all))
	require.Equal(t, all, readPublished(t, other, nil, 4))
}

func lostEntry(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, 10)
	accepted(t, s, entries...)
	b := nextBatch(t, s, l, ports.BatchLimits{Entries: 5, Bytes: 1 << 20})
	h.LoseEntry(t, s, entries[2].Event.ID())
	got, err := s.NextBatch(testContext(t), l, partitions, roomy)
	require.Nil(t, got)
	assertKind(t, fault.Internal, err)
	published, err := s.ReadPublished(testContext(t), ports.PublishedQuery{After: b.Entries[2].Sequence, Limit: 10})
	if err == nil {
		require.Equal(t, b.Entries[3:], published, "an entry took another's place")
	}
}

func batchIsCallersOwn(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	accepted(t, s, entriesOfUsers(t, s, 10)...)
	markDone(t, s, l, nextBatch(t, s, l, ports.BatchLimits{Entries: 5, Bytes: 1 << 20}))
	b := nextBatch(t, s, l, roomy)
	want := append([]int64(nil), b.Before...)
	clear(b.Before)
	clear(b.Entries)
	require.NotEqual(t, want, b.Before)
	require.Equal(t, want, nextBatch(t, s, l, roomy).Before)
}
