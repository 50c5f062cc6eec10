package contract

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

var busPublishTests = []busTest{
	{name: "the number of partitions", run: busPartitions},
	{name: "nothing", run: busPublishNothing},
	{name: "a batch again", run: busPublishAgain},
	{name: "close twice, and nothing afterwards", run: busCloseTwice},
	{name: "a bus that answers is healthy", run: busHealthy},
}

func busPartitions(t *testing.T, h BusHarness) {
	b := h.New(t)
	n, err := b.Publisher.Partitions(testContext(t))
	require.NoError(t, err)
	require.Positive(t, n)
	require.Equal(t, h.Partitioned, n > 1)
	again, err := b.Publisher.Partitions(testContext(t))
	require.NoError(t, err)
	require.Equal(t, n, again)
}

func busPublishNothing(t *testing.T, h BusHarness) {
	b := h.New(t)
	require.NoError(t, b.Publisher.Publish(testContext(t), nil))
	c := newConsumers(t)
	c.join(b.Subscriber, "a")
	c.requireAll(busPublish(t, b, busEntries(t, 20)))
}

// busPublishAgain publishes a batch three times, as a relay does that doesn't know what became of it: whatever comes
// has the numbers it had the first time.
func busPublishAgain(t *testing.T, h BusHarness) {
	b := h.New(t)
	c := newConsumers(t)
	c.join(b.Subscriber, "a")
	first := busPublish(t, b, busEntries(t, 100))
	require.NoError(t, b.Publisher.Publish(testContext(t), first))
	require.NoError(t, b.Publisher.Publish(testContext(t), first[:60]))
	c.requireAll(append(first, busPublish(t, b, busEntries(t, 100))...))
	c.mu.Lock()
	defer c.mu.Unlock()
	published := map[int64]int{}
	for i, p := range first {
		published[p.Sequence] = i
	}
	for _, deliveries := range c.got {
		for _, d := range deliveries {
			if i, ok := published[d.Entry.Sequence]; ok {
				assertSameEntry(t, first[i], d.Entry)
			}
		}
	}
}

func busCloseTwice(t *testing.T, h BusHarness) {
	b := h.New(t)
	published := busPublish(t, b, busEntries(t, 10))
	require.NoError(t, b.Publisher.Close(testContext(t)))
	require.NoError(t, b.Publisher.Close(testContext(t)))
	assertKind(t, fault.Unavailable, b.Publisher.Publish(testContext(t), published))
	_, err := b.Publisher.Partitions(testContext(t))
	assertKind(t, fault.Unavailable, err)
	c := newConsumers(t)
	c.join(b.Subscriber, "a")
	c.requireAll(published)
}

func busHealthy(t *testing.T, h BusHarness) {
	b := h.New(t)
	parallel(4, func(int) { assert.NoError(t, b.Health.Ping(testContext(t))) })
}

var busContextTests = []busTest{
	{name: "a context that is done before the call", run: busDoneBefore},
	{name: "a context that is done while Fetch waits", run: busDoneWhileFetching},
	{name: "a context that is done while nothing is assigned", run: busDoneAtOnce},
}

func busDoneBefore(t *testing.T, h BusHarness) {
	b := h.New(t)
	placed := b.Append(t, busOn(t, b, 0, 5))
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	done, cancel := context.WithCancel(testContext(t))
	cancel()
	_, err := b.Publisher.Partitions(done)
	assertDone(t, done, err)
	assertDone(t, done, b.Publisher.Publish(done, placed))
	assertDone(t, done, b.Health.Ping(done))
	assertDone(t, done, held.Seek(done, 3))
	_, err = held.Fetch(done, 1)
	assertDone(t, done, err)
	assertDone(t, done, b.Subscriber.Subscribe(done, busGroup(), func(context.Context, ports.Assignment) error {
		assert.Fail(t, "work was called")
		return nil
	}))
	require.NoError(t, b.Publisher.Publish(testContext(t), placed))
	requireEntries(t, placed, held.fetch(t, 5, 5))
}

// busDoneWhileFetching gives one Fetch up; the next gets what comes then.
func busDoneWhileFetching(t *testing.T, h BusHarness) {
	b := h.New(t)
	held := hold(t, b.Subscriber, busGroup(), 0)
	held.seek(t, -1)
	brief, cancel := context.WithTimeout(testContext(t), fetchBriefly)
	defer cancel()
	_, err := held.Fetch(brief, 10)
	assertDone(t, brief, err)
	published := busPublish(t, b, busOn(t, b, 0, 5))
	requireEntries(t, published, held.fetch(t, 5, 10))
}

func busDoneAtOnce(t *testing.T, h BusHarness) {
	b := h.New(t)
	ctx, cancel := context.WithTimeout(testContext(t), fetchBriefly)
	defer cancel()
	assertDone(t, ctx, b.Subscriber.Subscribe(ctx, busGroup(), func(ctx context.Context, _ ports.Assignment) error {
		<-ctx.Done()
		return ctx.Err()
	}))
}
