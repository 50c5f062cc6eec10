package memory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// relayModel is what a store's batches must be, told as simply as it can be: the log as one list, of which so many
// entries are cut and so many done.
type relayModel struct {
	store      *memory.Store
	clock      *build.Clock
	partitions int32

	log     []stream.Entry
	order   []stream.Published // what was cut
	numbers int64              // batches so far
	undone  *ports.PublishedBatch

	lease   ports.Lease
	expires time.Time
	lost    []ports.Lease
	jump    bool // a failover since the last cut
}

func TestBatchesAreAsTheModelSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clock := build.NewClock(time.Unix(1_800_000_000, 0))
		m := &relayModel{
			store: memory.NewStore(memory.WithClock(clock)), clock: clock,
			partitions: rapid.Int32Range(1, 4).Draw(t, "partitions"),
		}
		t.Repeat(map[string]func(*rapid.T){
			"":         m.check,
			"commit":   m.commit,
			"rollback": m.rollback,
			"elapse":   m.elapse,
			"acquire":  m.acquire,
			"renew":    m.renew,
			"release":  m.release,
			"next":     m.next,
			"done":     m.done,
			"fenced":   m.fenced,
			"failover": m.failover,
			"read":     m.read,
		})
	})
}

func (m *relayModel) draw(t *rapid.T) []stream.Entry {
	users := rapid.SliceOfN(rapid.ByteRange(1, 6), 1, 5).Draw(t, "users")
	entries := make([]stream.Entry, len(users))
	for i, u := range users {
		entries[i].Event = event.Own(build.ID(), id.ID{15: u}, event.UserUpdated, event.State{}.Data)
	}
	return entries
}

func (m *relayModel) commit(t *rapid.T) {
	entries := m.draw(t)
	require.NoError(t, m.store.Do(context.Background(), func(ctx context.Context, tx ports.Tx) error { return tx.Append(ctx, entries) }))
	m.log = append(m.log, entries...)
}

func (m *relayModel) rollback(t *rapid.T) {
	entries, mine := m.draw(t), errors.New("mine")
	require.ErrorIs(t, m.store.Do(context.Background(), func(ctx context.Context, tx ports.Tx) error {
		return errors.Join(tx.Append(ctx, entries), mine)
	}), mine)
}

func (m *relayModel) elapse(t *rapid.T) {
	m.clock.Advance(time.Duration(rapid.IntRange(1, 8).Draw(t, "seconds")) * time.Second)
}

const ttl = 10 * time.Second

func (m *relayModel) acquire(t *rapid.T) {
	holder := fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "holder"))
	got, ok, err := m.store.AcquireLease(context.Background(), ports.RelayLease, holder, ttl)
	require.NoError(t, err)
	free := m.lease.Holder == "" || m.lease.Holder == holder || !m.clock.Now().Before(m.expires)
	require.Equal(t, free, ok)
	if !ok {
		require.Equal(t, m.lease, got)
		return
	}
	require.Equal(t, ports.Lease{Name: ports.RelayLease, Holder: holder, Epoch: m.lease.Epoch + 1}, got)
	if m.lease.Holder != "" {
		m.lost = append(m.lost, m.lease)
	}
	m.lease, m.expires = got, m.clock.Now().Add(ttl)
}

func (m *relayModel) held(t *rapid.T) ports.Lease {
	if m.lease.Holder == "" {
		t.Skip("nobody leads")
	}
	return m.lease
}

func (m *relayModel) renew(t *rapid.T) {
	require.NoError(t, m.store.RenewLease(context.Background(), m.held(t), ttl))
	m.expires = m.clock.Now().Add(ttl)
}

func (m *relayModel) release(t *rapid.T) {
	require.NoError(t, m.store.ReleaseLease(context.Background(), m.held(t)))
	m.lost = append(m.lost, m.lease)
	m.lease.Holder = ""
}

func (m *relayModel) failover(*rapid.T) {
	m.store.Failover()
	if m.lease.Holder != "" {
		m.lost = append(m.lost, m.lease)
		m.lease.Holder = ""
	}
	m.jump = true
}

func (m *relayModel) fenced(t *rapid.T) {
	if len(m.lost) == 0 {
		t.Skip("no lease was lost")
	}
	lost := rapid.SampledFrom(m.lost).Draw(t, "lost")
	_, err := m.store.NextBatch(context.Background(), lost, m.partitions, ports.BatchLimits{Entries: 1, Bytes: 1})
	require.True(t, fault.Is(err, fault.Fenced))
	require.True(t, fault.Is(m.store.BatchDone(context.Background(), lost, m.numbers), fault.Fenced))
	require.True(t, fault.Is(m.store.RenewLease(context.Background(), lost, ttl), fault.Fenced))
	require.NoError(t, m.store.ReleaseLease(context.Background(), lost))
}

func (m *relayModel) next(t *rapid.T) {
	l := m.held(t)
	limit := rapid.IntRange(1, 6).Draw(t, "limit")
	b, err := m.store.NextBatch(context.Background(), l, m.partitions, ports.BatchLimits{Entries: limit, Bytes: 1 << 20})
	require.NoError(t, err)
	_, err = m.store.NextBatch(context.Background(), l, m.partitions+1, ports.BatchLimits{Entries: limit, Bytes: 1 << 20})
	require.Equal(t, m.numbers > 0 || b != nil, fault.Is(err, fault.Conflict))
	switch {
	case m.undone != nil:
		require.Equal(t, m.undone, b)
	case len(m.order) == len(m.log):
		require.Nil(t, b)
	default:
		m.cut(b, t, l, limit)
	}
}

// cut checks a new batch and takes it into the model.
func (m *relayModel) cut(b *ports.PublishedBatch, t *rapid.T, l ports.Lease, limit int) {
	some := m.log[len(m.order):min(len(m.order)+limit, len(m.log))]
	sequence := int64(0)
	if n := len(m.order); n > 0 {
		sequence = m.order[n-1].Sequence
	}
	if m.jump && len(m.order) > 0 {
		sequence = stream.Base(l.Epoch)
	}
	m.jump = false
	before := make([]int64, m.partitions)
	for p := range before {
		before[p] = m.lastOf(int32(p))
	}
	require.Equal(t, stream.Batch{Number: m.numbers + 1, Epoch: l.Epoch, First: sequence + 1, Count: len(some), Before: before}, b.Batch)
	require.Len(t, b.Entries, len(some))
	for i, e := range some {
		p := stream.Partition(e.Event.UserID(), m.partitions)
		sequence++
		want := stream.Published{Entry: e, Epoch: l.Epoch, Sequence: sequence, Previous: m.lastOf(p), Partition: p}
		require.Equal(t, want, b.Entries[i])
		m.order = append(m.order, want)
	}
	m.numbers++
	m.undone = b
}

// lastOf returns the sequence of the last entry that was cut for a partition; 0: none.
func (m *relayModel) lastOf(p int32) int64 {
	for _, e := range slices.Backward(m.order) {
		if e.Partition == p {
			return e.Sequence
		}
	}
	return 0
}

func (m *relayModel) done(t *rapid.T) {
	l := m.held(t)
	if m.undone == nil {
		t.Skip("no batch is undone")
	}
	require.NoError(t, m.store.BatchDone(context.Background(), l, m.undone.Number))
	m.undone = nil
}

func (m *relayModel) read(t *rapid.T) {
	q := ports.PublishedQuery{Limit: rapid.IntRange(1, 10).Draw(t, "limit")}
	if len(m.order) > 0 {
		around := rapid.SampledFrom(m.order)
		q.After = around.Draw(t, "after").Sequence - int64(rapid.IntRange(0, 1).Draw(t, "earlier"))
		if rapid.Bool().Draw(t, "bounded") {
			q.Before = around.Draw(t, "before").Sequence
		}
	}
	if rapid.Bool().Draw(t, "one partition") {
		q.Partition = new(rapid.Int32Range(0, m.partitions-1).Draw(t, "partition"))
	}
	var want []stream.Published
	for _, e := range m.order {
		if e.Sequence > q.After && (q.Before == 0 || e.Sequence < q.Before) && (q.Partition == nil || *q.Partition == e.Partition) && len(want) < q.Limit {
			want = append(want, e)
		}
	}
	got, err := m.store.ReadPublished(context.Background(), q)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// check holds after every step.
func (m *relayModel) check(t *rapid.T) {
	head, err := m.store.Head(context.Background())
	require.NoError(t, err)
	pending, err := m.store.Pending(context.Background(), len(m.log)+1)
	require.NoError(t, err)
	require.Equal(t, len(m.log)-len(m.order), pending)
	if len(m.order) == 0 {
		require.Zero(t, head)
		return
	}
	require.Equal(t, m.order[len(m.order)-1].Sequence, head)
}
