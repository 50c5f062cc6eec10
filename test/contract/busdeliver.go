package contract

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// fetchBriefly is how long a Fetch waits for what isn't to come.
const fetchBriefly = 50 * time.Millisecond

var busDeliverTests = []busTest{
	{name: "everything, in order, as it was published", run: busInOrder},
	{name: "what was published before anybody subscribed", run: busPublishedBefore},
	{name: "to each group on its own", run: busGroups},
	{name: "to a worker that is slow", run: busSlowWorker},
	{name: "to other partitions while one isn't worked on", needs: needsPartitioned, run: busStuckPartition},
	{name: "what can't be read", needs: needsInject, run: busUnreadable},
	{name: "whatever was committed", run: busCommit},
}

func busInOrder(t *testing.T, h BusHarness) {
	b := h.New(t)
	c := newConsumers(t)
	c.join(b.Subscriber, "a")
	var published []stream.Published
	for _, n := range []int{1, 2, 250, 30, 1} {
		published = append(published, busPublish(t, b, busEntries(t, n))...)
	}
	c.requireAll(published)
	partitions, err := b.Publisher.Partitions(testContext(t))
	require.NoError(t, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Len(t, c.got, int(partitions), "every partition was published to")
}

func busPublishedBefore(t *testing.T, h BusHarness) {
	b := h.New(t)
	published := busPublish(t, b, busEntries(t, 300))
	c := newConsumers(t)
	c.join(b.Subscriber, "a")
	c.requireAll(published)
}

// busGroups has two groups get everything while the work of a third stands still.
func busGroups(t *testing.T, h BusHarness) {
	b := h.New(t)
	stuck := newConsumers(t)
	stuck.before = func(ctx context.Context, _ int32) { <-ctx.Done() }
	stuck.join(b.Subscriber, "stuck")
	one, other := newConsumers(t), newConsumers(t)
	one.join(b.Subscriber, "a")
	published := busPublish(t, b, busEntries(t, 200))
	one.requireAll(published)
	other.join(b.Subscriber, "a")
	other.requireAll(published)
	published = append(published, busPublish(t, b, busEntries(t, 200))...)
	one.requireAll(published)
	other.requireAll(published)
	require.Zero(t, stuck.count())
}

// busSlowWorker holds the workers back until many times what is read ahead has been published.
func busSlowWorker(t *testing.T, h BusHarness) {
	b := h.New(t)
	all := make(chan struct{})
	c := newConsumers(t)
	c.limit = 7
	c.before = func(ctx context.Context, p int32) {
		if c.next(p) >= 0 {
			select {
			case <-all:
			case <-ctx.Done():
			}
		}
	}
	c.join(b.Subscriber, "a")
	published := busPublish(t, b, busEntries(t, 100))
	await(t, "something to be delivered", func(context.Context) bool { return c.count() > 0 })
	for range 15 {
		published = append(published, busPublish(t, b, busEntries(t, 200))...)
	}
	close(all)
	c.requireAll(published)
}

func busStuckPartition(t *testing.T, h BusHarness) {
	b := h.New(t)
	c := newConsumers(t)
	c.before = func(ctx context.Context, p int32) {
		if p == 0 {
			<-ctx.Done()
		}
	}
	c.join(b.Subscriber, "a")
	var published []stream.Published
	for range 5 {
		published = append(published, busPublish(t, b, busEntries(t, 400))...)
	}
	c.requireAll(slices.DeleteFunc(published, func(p stream.Published) bool { return p.Partition == 0 }))
}

func busUnreadable(t *testing.T, h BusHarness) {
	b := h.New(t)
	before := busPublish(t, b, busOn(t, b, 0, 3))
	h.Inject(t, b, 0)
	h.Inject(t, b, 0)
	after := busPublish(t, b, busOn(t, b, 0, 3))
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	got := held.fetch(t, 8, 8)
	requireEntries(t, append(before, after...), slices.Concat(got[:3], got[5:]))
	for i, d := range got[3:5] {
		assert.Error(t, d.Unreadable)
		assert.NotEmpty(t, d.Raw)
		assert.NotEmpty(t, d.Topic)
		assert.Greater(t, d.Offset, got[2+i].Offset)
		assert.Zero(t, d.Entry)
	}
	held.seek(t, got[4].Offset)
	requireSameDeliveries(t, got[4:], held.fetch(t, 4, 4))
}

// busCommit commits what is plainly wrong: the bus goes by Seek alone.
func busCommit(t *testing.T, h BusHarness) {
	b := h.New(t)
	group := busGroup()
	published := busPublish(t, b, busOn(t, b, 0, 10))
	first := hold(t, b.Subscriber, group, 0)
	first.seek(t, -1)
	got := first.fetch(t, 10, 10)
	first.Commit(got[9].Offset + 1)
	first.Commit(1 << 40)
	first.Commit(-1)
	first.member.leave()
	second := hold(t, b.Subscriber, group, 0)
	second.seek(t, -1)
	requireEntries(t, published, second.fetch(t, 10, 10))
	second.seek(t, got[4].Offset)
	requireSameDeliveries(t, got[4:], second.fetch(t, 6, 6))
}

// requireSameDeliveries requires that the same messages came again.
func requireSameDeliveries(t *testing.T, want, got []ports.Delivery) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		assert.Equal(t, want[i].Offset, got[i].Offset)
		assert.Equal(t, want[i].Raw, got[i].Raw)
		assertSameEntry(t, want[i].Entry, got[i].Entry)
	}
}
