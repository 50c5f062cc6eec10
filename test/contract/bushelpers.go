package contract

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// busGroup returns the name of a group that no other test uses.
func busGroup() string { return "group-" + build.ID().String() }

// busEntries returns n entries of as many users as it takes to meet every partition, among them some with everything
// that an entry can have.
func busEntries(t *testing.T, n int) []stream.Entry {
	t.Helper()
	var users [64]id.ID
	for i := range users {
		users[i] = build.ID()
	}
	entries := make([]stream.Entry, n)
	for i := range entries {
		entries[i] = build.Entry(t, users[i%len(users)])
		if i%7 == 0 {
			entries[i] = busRichEntry(t, users[i%len(users)])
		}
	}
	return entries
}

func busRichEntry(t *testing.T, uid id.ID) stream.Entry {
	t.Helper()
	source, externalID, at := "urn:till:4%20a?b=c#d", "r-~!'\"17", time.Date(1999, 12, 31, 23, 59, 59, 123456000, time.UTC)
	e := build.Entry(t, uid, func(d *event.Draft) {
		d.Type, d.Source, d.ExternalID, d.OccurredAt = "till.receipt_printed-2", &source, &externalID, &at
		d.Data = build.Object(t, `{"b":1.50,"a":"Grüße, \u2028 水車 🏞","big":123456789012345678901234567890,"deep":{"x":[null,true,{}]}}`)
		d.Extensions = map[string]string{"place": "Zürich – 水", "empty": "", "dataschema": "https://example.com/s", "traceparent": "mine"}
	})
	e.Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	return e
}

// busOn returns n entries of users on one partition.
func busOn(t *testing.T, b Bus, partition int32, n int) []stream.Entry {
	t.Helper()
	count, err := b.Publisher.Partitions(testContext(t))
	require.NoError(t, err)
	uid := build.ID()
	for stream.Partition(uid, count) != partition {
		uid = build.ID()
	}
	return build.Entries(t, n, uid)
}

// busPublish appends entries and publishes them.
func busPublish(t *testing.T, b Bus, entries []stream.Entry) []stream.Published {
	t.Helper()
	placed := b.Append(t, entries)
	require.Len(t, placed, len(entries))
	require.NoError(t, b.Publisher.Publish(testContext(t), placed))
	return placed
}

// assertSameEntry asserts that an entry was delivered as it was published.
func assertSameEntry(t *testing.T, want, got stream.Published) {
	t.Helper()
	assert.Equal(t, busState(want), busState(got))
	want.Event, got.Event = event.Event{}, event.Event{}
	assert.Equal(t, want, got)
}

// busState is an event's state with its empty parts in one form.
func busState(p stream.Published) event.State {
	s := p.Event.State()
	s.Data = document.Stored(s.Data.String())
	if len(s.Extensions) == 0 {
		s.Extensions = nil
	}
	return s
}

// consumers are a group's workers and what they got: they go on from where the group is, as a group with a memory in
// a store does.
type consumers struct {
	t     *testing.T
	group string
	limit int
	// before is called before each Fetch, and linger once work's context is done.
	before func(ctx context.Context, p int32)
	linger func(p int32)
	// outage: what fails is called again, because the bus isn't always there.
	outage bool

	mu      sync.Mutex
	got     map[int32][]ports.Delivery
	working map[int32]int // workers per partition, now
	members map[int32]string
	twice   int // how often a partition had two workers
}

func newConsumers(t *testing.T) *consumers {
	t.Helper()
	return &consumers{t: t, group: busGroup(), limit: 50, before: func(context.Context, int32) {}, linger: func(int32) {},
		got: map[int32][]ports.Delivery{}, working: map[int32]int{}, members: map[int32]string{}}
}

// membership is one member of a group.
type membership struct {
	t      *testing.T
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{}
	err    error
}

// subscribe calls Subscribe in the background, until leave or the end of the test.
func subscribe(t *testing.T, s ports.Subscriber, group string, work func(ctx context.Context, a ports.Assignment) error) *membership {
	t.Helper()
	m := &membership{t: t, ended: make(chan struct{})}
	m.ctx, m.cancel = context.WithCancel(t.Context())
	go func() {
		defer close(m.ended)
		m.err = s.Subscribe(m.ctx, group, work)
	}()
	t.Cleanup(func() {
		m.cancel()
		_ = m.wait() // what Subscribe returned is leave's to judge
	})
	return m
}

// wait returns what Subscribe did.
func (m *membership) wait() error {
	select {
	case <-m.ended:
		return m.err
	case <-time.After(patience):
		assert.Fail(m.t, "Subscribe doesn't return")
		return nil
	}
}

// leave ends the membership, which must not have ended before.
func (m *membership) leave() {
	m.t.Helper()
	select {
	case <-m.ended:
		require.NoError(m.t, m.err, "Subscribe returned early")
	default:
	}
	m.cancel()
	assertDone(m.t, m.ctx, m.wait())
}

// join adds a member to the group.
func (c *consumers) join(s ports.Subscriber, name string) *membership {
	c.t.Helper()
	return subscribe(c.t, s, c.group, func(ctx context.Context, a ports.Assignment) error {
		p := a.Partition()
		c.begin(p, name)
		defer c.end(p, name)
		defer c.linger(p)
		err := c.follow(ctx, a)
		if ctx.Err() != nil {
			return nil // the partition was taken away
		}
		return err
	})
}

// follow is the work on one partition.
func (c *consumers) follow(ctx context.Context, a ports.Assignment) error {
	p := a.Partition()
	if err := c.persist(ctx, func() error { return a.Seek(ctx, c.next(p)) }); err != nil {
		return err
	}
	for {
		c.before(ctx, p)
		var deliveries []ports.Delivery
		if err := c.persist(ctx, func() (err error) {
			deliveries, err = a.Fetch(ctx, c.limit)
			return err
		}); err != nil {
			return err
		}
		c.take(p, deliveries)
		a.Commit(c.next(p))
	}
}

// persist calls fn again after errors, with a pause, where errors are to be expected.
func (c *consumers) persist(ctx context.Context, fn func() error) error {
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	for {
		err := fn()
		if err == nil || !c.outage {
			return err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *consumers) begin(p int32, member string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.working[p]++; c.working[p] > 1 {
		c.twice++
	}
	c.members[p] = member
}

func (c *consumers) end(p int32, member string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.working[p]--
	if c.members[p] == member {
		delete(c.members, p)
	}
}

func (c *consumers) take(p int32, deliveries []ports.Delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got[p] = append(c.got[p], deliveries...)
}

// next is the offset at which the group goes on with a partition.
func (c *consumers) next(p int32) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.got[p]); n > 0 {
		return c.got[p][n-1].Offset + 1
	}
	return -1
}

// shares tells how many partitions each member has now.
func (c *consumers) shares() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	shares := map[string]int{}
	for _, member := range c.members {
		shares[member]++
	}
	return shares
}

// count tells how many messages came, repeats included.
func (c *consumers) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, deliveries := range c.got {
		n += len(deliveries)
	}
	return n
}

// requireAll waits until everything published came, and requires that each partition's entries came in order, as they
// were published, and that no partition had two workers at a time. Repeats of what came before are passed over.
func (c *consumers) requireAll(published []stream.Published) {
	c.t.Helper()
	want := map[int32][]stream.Published{}
	for _, p := range published {
		want[p.Partition] = append(want[p.Partition], p)
	}
	await(c.t, "every entry to be delivered", func(context.Context) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		all := true
		for p, entries := range want {
			got := c.got[p]
			if broken(got) {
				return true // what comes after doesn't mend it
			}
			all = all && len(got) >= len(entries) && got[len(got)-1].Entry.Sequence >= entries[len(entries)-1].Sequence
		}
		return all
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Zero(c.t, c.twice, "a partition had two workers at a time")
	for p := range want {
		require.False(c.t, broken(c.got[p]), "partition %d has an entry that doesn't follow the one before, or can't be read", p)
	}
	for p, entries := range want {
		var memory stream.Memory
		fresh := 0
		for _, d := range c.got[p] {
			if memory.Judge(d.Entry) == stream.Repeat {
				continue
			}
			require.Less(c.t, fresh, len(entries), "more came than was published")
			assertSameEntry(c.t, entries[fresh], d.Entry)
			memory = memory.Applied(d.Entry)
			fresh++
		}
		require.Equal(c.t, len(entries), fresh, "partition %d", p)
	}
}

// broken tells whether something came that can't be read, or before which an entry is missing.
func broken(got []ports.Delivery) bool {
	var memory stream.Memory
	for _, d := range got {
		verdict := memory.Judge(d.Entry)
		if d.Unreadable != nil || verdict == stream.Gap {
			return true
		}
		if verdict == stream.Next {
			memory = memory.Applied(d.Entry)
		}
	}
	return false
}

// held is a partition in the hands of the test's own goroutine.
type held struct {
	ports.Assignment
	ctx    context.Context
	member *membership
}

// hold becomes a group's only member and returns one of its partitions.
func hold(t *testing.T, s ports.Subscriber, group string, partition int32) held {
	t.Helper()
	assigned := make(chan held, 1)
	m := subscribe(t, s, group, func(ctx context.Context, a ports.Assignment) error {
		if a.Partition() == partition {
			select {
			case assigned <- held{Assignment: a, ctx: ctx}:
			default:
			}
		}
		<-ctx.Done()
		return nil
	})
	select {
	case h := <-assigned:
		h.member = m
		return h
	case <-m.ended:
		require.FailNow(t, "Subscribe returned early", "%v", m.err)
	case <-testContext(t).Done():
		require.FailNow(t, "the partition isn't assigned")
	}
	return held{}
}

// seek and fetch n messages, at most limit at a time.
func (h held) seek(t *testing.T, offset int64) {
	t.Helper()
	require.NoError(t, h.Seek(testContext(t), offset))
}

func (h held) fetch(t *testing.T, n, limit int) []ports.Delivery {
	t.Helper()
	var all []ports.Delivery
	for len(all) < n {
		some, err := h.Fetch(testContext(t), min(limit, n-len(all)))
		require.NoError(t, err)
		require.NotEmpty(t, some, "Fetch returned nothing")
		require.LessOrEqual(t, len(some), limit, "Fetch returned more than the limit")
		all = append(all, some...)
	}
	return all
}

// requireEntries requires that deliveries are these entries, in order, with offsets that ascend.
func requireEntries(t *testing.T, want []stream.Published, got []ports.Delivery) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, d := range got {
		require.NoError(t, d.Unreadable)
		assertSameEntry(t, want[i], d.Entry)
		if i > 0 {
			require.Greater(t, d.Offset, got[i-1].Offset)
		}
	}
}

// RequireDelivered requires that a group which is new gets everything published, in order and unchanged; for tests
// that put an adapter through more than every bus can have happen to it.
func RequireDelivered(t *testing.T, b Bus, published []stream.Published) {
	t.Helper()
	c := newConsumers(t)
	m := c.join(b.Subscriber, "a")
	c.requireAll(published)
	m.leave()
}
