package contract

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

var leaseTests = []storeTest{
	{name: "a free lease is taken, a held one isn't", run: leaseIsTakenOnce},
	{name: "a holder that takes its own lease again gets a new epoch", run: leaseTakenAgain},
	{name: "a released lease is free at once, and lost to its holder", run: leaseReleased},
	{name: "a lease that has run out is another's for the taking", run: leaseRunsOut},
	{name: "a renewed lease doesn't run out", run: leaseRenewed},
	{name: "a lost lease is renewed by nobody and released without harm", run: lostLease},
	{name: "leases of other names are other leases", run: leasesByName},
	{name: "of concurrent takers one gets the lease", run: concurrentTakers},
	{name: "a lease holds in other processes", needs: needsSecond, run: leaseElsewhere},
}

// blink is a lease's time that is over before long.
const blink = 20 * time.Millisecond

func acquire(t *testing.T, s ports.Store, name, holder string, ttl time.Duration) (ports.Lease, bool) {
	t.Helper()
	l, ok, err := s.AcquireLease(testContext(t), name, holder, ttl)
	require.NoError(t, err)
	return l, ok
}

// awaitLease takes a lease as soon as it has run out.
func awaitLease(t *testing.T, s ports.Store, name, holder string, ttl time.Duration) (l ports.Lease) {
	t.Helper()
	await(t, "the lease to run out", func(context.Context) bool {
		var ok bool
		l, ok = acquire(t, s, name, holder, ttl)
		return ok
	})
	return l
}

func leaseIsTakenOnce(t *testing.T, h StoreHarness) {
	s := h.New(t)
	mine, ok := acquire(t, s, "l", "a", time.Hour)
	require.True(t, ok)
	require.Equal(t, ports.Lease{Name: "l", Holder: "a", Epoch: mine.Epoch}, mine)
	require.GreaterOrEqual(t, mine.Epoch, int64(1))
	for range 2 {
		theirs, ok := acquire(t, s, "l", "b", time.Hour)
		require.False(t, ok)
		require.Equal(t, mine, theirs)
	}
	require.NoError(t, s.RenewLease(testContext(t), mine, time.Hour))
}

func leaseTakenAgain(t *testing.T, h StoreHarness) {
	s := h.New(t)
	before, _ := acquire(t, s, "l", "a", time.Hour)
	for range 3 {
		again, ok := acquire(t, s, "l", "a", time.Hour)
		require.True(t, ok)
		require.Equal(t, ports.Lease{Name: "l", Holder: "a", Epoch: before.Epoch + 1}, again)
		assertKind(t, fault.Fenced, s.RenewLease(testContext(t), before, time.Hour))
		require.NoError(t, s.RenewLease(testContext(t), again, time.Hour))
		before = again
	}
}

func leaseReleased(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, _ := acquire(t, s, "l", "a", time.Hour)
	require.NoError(t, s.ReleaseLease(testContext(t), a))
	assertKind(t, fault.Fenced, s.RenewLease(testContext(t), a, time.Hour))
	b, ok := acquire(t, s, "l", "b", time.Hour)
	require.True(t, ok)
	require.Equal(t, ports.Lease{Name: "l", Holder: "b", Epoch: a.Epoch + 1}, b)
	require.NoError(t, s.ReleaseLease(testContext(t), b))
	again, ok := acquire(t, s, "l", "b", time.Hour)
	require.True(t, ok)
	require.Equal(t, b.Epoch+1, again.Epoch)
}

func leaseRunsOut(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, _ := acquire(t, s, "l", "a", blink)
	b := awaitLease(t, s, "l", "b", time.Hour)
	require.Equal(t, ports.Lease{Name: "l", Holder: "b", Epoch: a.Epoch + 1}, b)
	assertKind(t, fault.Fenced, s.RenewLease(testContext(t), a, time.Hour))
	theirs, ok := acquire(t, s, "l", "a", time.Hour)
	require.False(t, ok)
	require.Equal(t, b, theirs)
}

// leaseRenewed has two leases run out that began together, one of them renewed: once the other can be taken, the
// renewed one can't.
func leaseRenewed(t *testing.T, h StoreHarness) {
	s := h.New(t)
	renewed, _ := acquire(t, s, "renewed", "a", time.Hour)
	require.NoError(t, s.RenewLease(testContext(t), renewed, blink))
	awaitLease(t, s, "renewed", "b", time.Hour)

	kept, _ := acquire(t, s, "kept", "a", time.Minute)
	require.NoError(t, s.RenewLease(testContext(t), kept, time.Hour))
	acquire(t, s, "other", "a", blink)
	awaitLease(t, s, "other", "b", time.Hour)
	_, ok := acquire(t, s, "kept", "b", time.Hour)
	require.False(t, ok)
}

func lostLease(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, _ := acquire(t, s, "l", "a", blink)
	b := awaitLease(t, s, "l", "b", time.Hour)
	for _, lost := range []ports.Lease{
		a, {Name: "l", Holder: "a", Epoch: b.Epoch}, {Name: "l", Holder: "b", Epoch: b.Epoch - 1}, {Name: "l", Holder: "b", Epoch: b.Epoch + 1},
		{Name: "m", Holder: "b", Epoch: b.Epoch}, {},
	} {
		assertKind(t, fault.Fenced, s.RenewLease(testContext(t), lost, time.Hour))
		require.NoError(t, s.ReleaseLease(testContext(t), lost))
	}
	require.NoError(t, s.RenewLease(testContext(t), b, time.Hour))
	_, ok := acquire(t, s, "l", "a", time.Hour)
	require.False(t, ok)
}

func leasesByName(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, _ := acquire(t, s, "a", "x", time.Hour)
	b, ok := acquire(t, s, "b", "y", time.Hour)
	require.True(t, ok)
	require.NoError(t, s.ReleaseLease(testContext(t), a))
	require.NoError(t, s.RenewLease(testContext(t), b, time.Hour))
}

func concurrentTakers(t *testing.T, h StoreHarness) {
	const takers, rounds = 16, 5
	s := h.New(t)
	ctx := testContext(t)
	epoch := int64(0)
	for range rounds {
		got := make([]ports.Lease, takers)
		var winners atomic.Int64
		parallel(takers, func(i int) {
			l, ok, err := s.AcquireLease(ctx, "l", fmt.Sprint(i), time.Hour)
			assertOK(t, err)
			if got[i] = l; ok {
				winners.Add(1)
				assert.Equal(t, fmt.Sprint(i), l.Holder)
			}
		})
		require.EqualValues(t, 1, winners.Load())
		for _, l := range got {
			require.Equal(t, got[0], l)
		}
		require.Greater(t, got[0].Epoch, epoch)
		epoch = got[0].Epoch
		require.NoError(t, s.ReleaseLease(ctx, got[0]))
	}
}

func leaseElsewhere(t *testing.T, h StoreHarness) {
	s := h.New(t)
	other := h.Second(t, s)
	a, _ := acquire(t, s, "l", "a", time.Hour)
	theirs, ok := acquire(t, other, "l", "b", time.Hour)
	require.False(t, ok)
	require.Equal(t, a, theirs)
	require.NoError(t, other.RenewLease(testContext(t), a, time.Hour))
	require.NoError(t, other.ReleaseLease(testContext(t), a))
	assertKind(t, fault.Fenced, s.RenewLease(testContext(t), a, time.Hour))
}
