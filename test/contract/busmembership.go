package contract

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

var busMembershipTests = []busTest{
	{name: "members share the partitions", needs: needsPartitioned, run: busShare},
	{name: "members take over from those that leave", run: busTakeOver},
	{name: "members come and go while entries are published", run: busComeAndGo},
	{name: "a partition is given up once its work returned", run: busLinger},
	{name: "the end waits for all work", run: busEndWaits},
	{name: "an error of work ends it", run: busWorkFails},
}

func busShare(t *testing.T, h BusHarness) {
	b := h.New(t)
	n, err := b.Publisher.Partitions(testContext(t))
	require.NoError(t, err)
	c := newConsumers(t)
	first := c.join(b.Subscriber, "first")
	await(t, "the first to have all partitions", func(context.Context) bool { return c.shares()["first"] == int(n) })
	published := busPublish(t, b, busEntries(t, 100))
	c.join(b.Member, "second")
	await(t, "the second to have some", func(context.Context) bool {
		shares := c.shares()
		return shares["second"] > 0 && shares["first"] > 0 && shares["first"]+shares["second"] == int(n)
	})
	published = append(published, busPublish(t, b, busEntries(t, 100))...)
	c.requireAll(published)
	first.leave()
	await(t, "the second to have all", func(context.Context) bool { return c.shares()["second"] == int(n) })
	c.requireAll(append(published, busPublish(t, b, busEntries(t, 100))...))
}

func busTakeOver(t *testing.T, h BusHarness) {
	b := h.New(t)
	n, err := b.Publisher.Partitions(testContext(t))
	require.NoError(t, err)
	c := newConsumers(t)
	first := c.join(b.Subscriber, "first")
	published := busPublish(t, b, busEntries(t, 100))
	c.requireAll(published)
	c.join(b.Member, "second")
	first.leave()
	await(t, "the second to have all", func(context.Context) bool { return c.shares()["second"] == int(n) })
	c.requireAll(append(published, busPublish(t, b, busEntries(t, 100))...))
}

func busComeAndGo(t *testing.T, h BusHarness) {
	b := h.New(t)
	c := newConsumers(t)
	c.limit = 3
	var published []stream.Published
	last := c.join(b.Subscriber, "0")
	for i := range 4 {
		published = append(published, busPublish(t, b, busEntries(t, 200))...)
		subscriber := b.Subscriber
		if i%2 == 0 {
			subscriber = b.Member
		}
		next := c.join(subscriber, string(rune('1'+i)))
		published = append(published, busPublish(t, b, busEntries(t, 200))...)
		last.leave()
		last = next
	}
	c.requireAll(published)
}

// lingerTime is longer than it takes a group's members to share the partitions anew.
const lingerTime = 3 * time.Second

// busLinger has a work that takes its time to return, while another member waits for its partition.
func busLinger(t *testing.T, h BusHarness) {
	b := h.New(t)
	c := newConsumers(t)
	var lingered atomic.Int64
	c.linger = func(int32) {
		// Nothing tells that the other member doesn't begin: it gets a fair chance to.
		chance := time.NewTimer(lingerTime)
		defer chance.Stop()
		select {
		case <-chance.C:
			lingered.Add(1)
		case <-c.t.Context().Done():
		}
	}
	first := c.join(b.Subscriber, "first")
	published := busPublish(t, b, busEntries(t, 50))
	c.requireAll(published)
	c.join(b.Member, "second")
	if h.Partitioned {
		await(t, "the second to have some", func(context.Context) bool { return c.shares()["second"] > 0 })
	} else {
		first.leave()
		await(t, "the second to have all", func(context.Context) bool { return c.shares()["second"] > 0 })
	}
	require.Positive(t, lingered.Load())
	c.requireAll(append(published, busPublish(t, b, busEntries(t, 50))...))
}

func busEndWaits(t *testing.T, h BusHarness) {
	b := h.New(t)
	n, err := b.Publisher.Partitions(testContext(t))
	require.NoError(t, err)
	var begun, ended atomic.Int64
	letGo := make(chan struct{})
	m := subscribe(t, b.Subscriber, busGroup(), func(ctx context.Context, _ ports.Assignment) error {
		begun.Add(1)
		<-ctx.Done()
		<-letGo
		ended.Add(1)
		return ctx.Err()
	})
	await(t, "all partitions", func(context.Context) bool { return begun.Load() == int64(n) })
	m.cancel()
	// Nothing tells that it doesn't return: it gets a fair chance to, in which it could also leave its group.
	chance := time.NewTimer(time.Second)
	defer chance.Stop()
	select {
	case <-m.ended:
		assert.Fail(t, "Subscribe returned before the work did")
	case <-chance.C:
	}
	close(letGo)
	assertDone(t, m.ctx, m.wait())
	require.Equal(t, int64(n), ended.Load())
}

func busWorkFails(t *testing.T, h BusHarness) {
	b := h.New(t)
	n, err := b.Publisher.Partitions(testContext(t))
	require.NoError(t, err)
	var begun, ended atomic.Int64
	all := make(chan struct{})
	m := subscribe(t, b.Subscriber, busGroup(), func(ctx context.Context, a ports.Assignment) error {
		defer ended.Add(1)
		if begun.Add(1) == int64(n) {
			close(all)
		}
		if a.Partition() == 0 {
			<-all
			return errMine
		}
		<-ctx.Done()
		return ctx.Err()
	})
	require.ErrorIs(t, m.wait(), errMine)
	require.Equal(t, int64(n), ended.Load())

	c := newConsumers(t)
	c.join(b.Subscriber, "after")
	c.requireAll(busPublish(t, b, busEntries(t, 20)))
}

var busOutageTests = []busTest{
	{name: "subscribers wait for a bus that can't be reached", needs: needsNewBreakable, run: busOutage},
}

func busOutage(t *testing.T, h BusHarness) {
	b, cut := h.NewBreakable(t)
	before, during := newConsumers(t), newConsumers(t)
	before.outage, during.outage = true, true
	before.join(b.Subscriber, "a")
	published := busPublish(t, b, busEntries(t, 100))
	before.requireAll(published)
	mend := cut()
	during.join(b.Subscriber, "a")
	mend()
	published = append(published, busPublish(t, b, busEntries(t, 100))...)
	before.requireAll(published)
	during.requireAll(published)
}
