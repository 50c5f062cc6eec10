package contract

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var publishedTests = []storeTest{
	{name: "published entries are read by sequence and partition", run: readsByQuery},
	{name: "large entries come in smaller reads", run: readsLargeEntries},
	{name: "pending entries are counted", run: pendingIsCounted},
	{name: "an epoch has a range of sequences", run: epochHasRange},
}

func epochHasRange(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	requireRange := func(epoch, first, last int64) {
		t.Helper()
		gotFirst, gotLast, err := s.EpochRange(testContext(t), epoch)
		require.NoError(t, err)
		require.Equal(t, [2]int64{first, last}, [2]int64{gotFirst, gotLast}, "epoch %d", epoch)
	}
	requireRange(0, 0, 0)
	requireRange(1, 0, 0)
	var epochs []int64
	var end int64
	for range 3 {
		l := lead(t, s, "a")
		epochs = append(epochs, l.Epoch)
		accepted(t, s, build.Entries(t, 5, u.ID())...)
		all := publish(t, s, l, ports.BatchLimits{Entries: 2, Bytes: 1 << 20})
		requireRange(l.Epoch, end+1, all[len(all)-1].Sequence)
		end = all[len(all)-1].Sequence
	}
	requireRange(epochs[0], 1, 5)
	requireRange(epochs[2]+1, 0, 0)
}

func readsByQuery(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	var users []id.ID
	for p := int32(0); len(users) < partitions; p = int32(len(users)) {
		if u := build.User(t); stream.Partition(u.ID(), partitions) == p {
			insert(t, s, u)
			users = append(users, u.ID())
		}
	}
	var entries []stream.Entry
	for i := range 40 {
		entries = append(entries, build.Entry(t, users[(i*i)%3])) // nothing for the last partition
	}
	accepted(t, s, entries...)
	all := publish(t, s, l, ports.BatchLimits{Entries: 6, Bytes: 1 << 20})
	for after := range all {
		for _, count := range []int{1, 5, 40} {
			got, err := s.ReadPublished(testContext(t), ports.PublishedQuery{After: all[after].Sequence, Before: all[after].Sequence + int64(count), Limit: 100})
			require.NoError(t, err)
			requirePublished(t, all[after+1:min(after+count, len(all))], got)
		}
	}
	for p := range int32(partitions) {
		var want []stream.Published
		for _, e := range all {
			if e.Partition == p {
				want = append(want, e)
			}
		}
		for _, limit := range []int{1, 3, 100} {
			requirePublished(t, want, readPublished(t, s, &p, limit))
		}
		got, err := s.ReadPublished(testContext(t), ports.PublishedQuery{After: all[9].Sequence, Before: all[10].Sequence, Partition: &p, Limit: 5})
		require.NoError(t, err)
		require.Empty(t, got)
	}
	got, err := s.ReadPublished(testContext(t), ports.PublishedQuery{After: all[len(all)-1].Sequence, Limit: 5})
	require.NoError(t, err)
	require.Empty(t, got)
}

func requirePublished(t *testing.T, want, got []stream.Published) {
	t.Helper()
	if len(want) == 0 {
		require.Empty(t, got)
		return
	}
	require.Equal(t, want, got)
}

func readsLargeEntries(t *testing.T, h StoreHarness) {
	const n = 100
	s := h.New(t)
	l := lead(t, s, "a")
	entries := entriesOfUsers(t, s, n, func(d *event.Draft) {
		d.Data = build.Object(t, `{"x":"`+strings.Repeat("x", event.MaxData-8)+`"}`)
	})
	accepted(t, s, entries...)
	all := publish(t, s, l, ports.BatchLimits{Entries: 1000, Bytes: 1 << 20})
	require.Equal(t, entryIDs(entries), eventIDs(all))
	require.Equal(t, entryIDs(entries), eventIDs(readPublished(t, s, nil, n)))
	last := all[len(all)-1].Partition
	for _, p := range readPublished(t, s, &last, n) {
		require.Equal(t, last, p.Partition)
	}
}

func pendingIsCounted(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	accepted(t, s, entriesOfUsers(t, s, 5)...)
	for limit, want := range map[int]int{1: 1, 4: 4, 5: 5, 100: 5} {
		pending, err := s.Pending(testContext(t), limit)
		require.NoError(t, err)
		require.Equal(t, want, pending)
	}
	b := nextBatch(t, s, l, ports.BatchLimits{Entries: 2, Bytes: 1 << 20})
	require.Equal(t, 2, b.Count)
	requirePending(t, s, 3)
	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.Append(ctx, build.Entries(t, 2, build.ID())); err != nil {
			return err
		}
		return errMine
	})
	require.ErrorIs(t, err, errMine)
	requirePending(t, s, 3)
	markDone(t, s, l, b)
	publish(t, s, l, roomy)
	requirePending(t, s, 0)
}
