package contract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var takeoverTests = []storeTest{
	{name: "a stopped relay's batch is taken over as it was", run: stoppedRelay},
	{name: "a relay that lost its lease cuts nothing", run: fencedRelayCutsNothing},
	{name: "a relay that starts again takes its own batch over", run: restartedRelay},
	{name: "a relay of another process takes over", needs: needsSecond, run: relayElsewhere},
	{name: "after a failover sequences jump ahead", needs: needsFailover, run: failoverJumps},
	{name: "after a failover what was cut before is published as it was", needs: needsFailover, run: failoverKeepsBatches},
}

func requireFencedRelay(t *testing.T, s ports.Store, lost ports.Lease, number int64) {
	t.Helper()
	b, err := s.NextBatch(testContext(t), lost, partitions, roomy)
	require.Nil(t, b)
	require.Equal(t, fault.Fenced, fault.KindOf(err), "%v", err)
	err = s.BatchDone(testContext(t), lost, number)
	require.Equal(t, fault.Fenced, fault.KindOf(err), "%v", err)
}

func stoppedRelay(t *testing.T, h StoreHarness) {
	s := h.New(t)
	entries := entriesOfUsers(t, s, 9)
	accepted(t, s, entries[:6]...)
	stopped := lead(t, s, "a")
	undone := nextBatch(t, s, stopped, ports.BatchLimits{Entries: 4, Bytes: 1 << 20})
	require.NoError(t, s.RenewLease(testContext(t), stopped, blink))
	now := awaitLease(t, s, ports.RelayLease, "b", time.Hour)
	require.Equal(t, stopped.Epoch+1, now.Epoch)
	accepted(t, s, entries[6:]...)

	requireFencedRelay(t, s, stopped, undone.Number)
	again := nextBatch(t, s, now, roomy)
	require.Equal(t, undone, again)
	require.Equal(t, stopped.Epoch, again.Epoch)
	requireFencedRelay(t, s, stopped, undone.Number)
	markDone(t, s, now, again)
	requireFencedRelay(t, s, stopped, undone.Number)

	next := nextBatch(t, s, now, roomy)
	require.Equal(t, now.Epoch, next.Epoch)
	require.Equal(t, undone.Number+1, next.Number)
	require.Equal(t, undone.Last()+1, next.First)
	markDone(t, s, now, next)
	all := append(undone.Entries, append(next.Entries, publish(t, s, now, roomy)...)...)
	require.Equal(t, entryIDs(entries), eventIDs(all))
	requireSequences(t, all)
	requireReadAlike(t, s, all)
}

func fencedRelayCutsNothing(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	stopped := lead(t, s, "a")
	accepted(t, s, build.Entry(t, u.ID()))
	first := publish(t, s, stopped, roomy)
	require.NoError(t, s.RenewLease(testContext(t), stopped, blink))
	now := awaitLease(t, s, ports.RelayLease, "b", time.Hour)
	accepted(t, s, build.Entry(t, u.ID()))
	requireFencedRelay(t, s, stopped, 1)
	requireHead(t, s, first[0].Sequence)
	requirePending(t, s, 1)
	b := nextBatch(t, s, now, roomy)
	require.Equal(t, now.Epoch, b.Epoch)
	require.Equal(t, first[0].Sequence+1, b.First)
}

func restartedRelay(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	accepted(t, s, build.Entry(t, u.ID()))
	before := lead(t, s, "a")
	undone := nextBatch(t, s, before, roomy)
	now := lead(t, s, "a")
	requireFencedRelay(t, s, before, undone.Number)
	require.Equal(t, undone, nextBatch(t, s, now, roomy))
	markDone(t, s, now, undone)
	requireNoBatch(t, s, now)
}

func relayElsewhere(t *testing.T, h StoreHarness) {
	s := h.New(t)
	other := h.Second(t, s)
	entries := entriesOfUsers(t, s, 6)
	accepted(t, s, entries[:3]...)
	l := lead(t, s, "a")
	undone := nextBatch(t, s, l, roomy)
	require.NoError(t, s.ReleaseLease(testContext(t), l))
	now := lead(t, other, "b")
	require.Equal(t, undone, nextBatch(t, other, now, roomy))
	accepted(t, s, entries[3:]...)
	requireFencedRelay(t, s, l, undone.Number)
	all := publish(t, other, now, roomy)
	require.Equal(t, entryIDs(entries), eventIDs(all))
	requireReadAlike(t, s, all)
}

func failoverJumps(t *testing.T, h StoreHarness) {
	s := h.New(t)
	entries := entriesOfUsers(t, s, 12)
	accepted(t, s, entries[:4]...)
	all := publish(t, s, lead(t, s, "a"), roomy)
	epoch := int64(0)
	for i := 4; i < len(entries); i += 4 {
		identity, err := s.Identity(testContext(t))
		require.NoError(t, err)
		accepted(t, s, entries[i:i+2]...)
		h.Failover(t, s)
		after, err := s.Identity(testContext(t))
		require.NoError(t, err)
		require.NotEqual(t, identity, after)
		l := lead(t, s, "a")
		require.Greater(t, l.Epoch, epoch)
		epoch = l.Epoch
		accepted(t, s, entries[i+2:i+4]...)
		jumped := publish(t, s, l, roomy)
		require.Equal(t, entryIDs(entries[i:i+4]), eventIDs(jumped))
		require.Equal(t, stream.Base(epoch)+1, jumped[0].Sequence)
		requireUnbroken(t, jumped)
		all = append(all, jumped...)
	}
	requireSequences(t, all)
	requireReadAlike(t, s, all)
	requireHead(t, s, all[len(all)-1].Sequence)
}

func failoverKeepsBatches(t *testing.T, h StoreHarness) {
	s := h.New(t)
	entries := entriesOfUsers(t, s, 6)
	accepted(t, s, entries...)
	undone := nextBatch(t, s, lead(t, s, "a"), ports.BatchLimits{Entries: 2, Bytes: 1 << 20})
	h.Failover(t, s)
	l := lead(t, s, "b")
	require.Equal(t, undone, nextBatch(t, s, l, roomy))
	all := publish(t, s, l, ports.BatchLimits{Entries: 3, Bytes: 1 << 20})
	require.Equal(t, entryIDs(entries), eventIDs(all))
	require.Equal(t, stream.Base(l.Epoch)+1, all[2].Sequence)
	requireSequences(t, all)
	requireReadAlike(t, s, all)
}
