package relay_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/app/relay"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// bus notes what is published; it refuses while fail is set, after half of the entries.
type bus struct {
	partitions int32
	sent       []stream.Published
	fail       error
}

func (b *bus) Partitions(context.Context) (int32, error) { return b.partitions, nil }
func (b *bus) Close(context.Context) error               { return nil }
func (b *bus) Publish(_ context.Context, entries []stream.Published) error {
	if b.fail != nil {
		b.sent = append(b.sent, entries[:len(entries)/2]...)
		return b.fail
	}
	b.sent = append(b.sent, entries...)
	return nil
}

func (b *bus) sequences() []int64 {
	s := make([]int64, len(b.sent))
	for i, p := range b.sent {
		s[i] = p.Sequence
	}
	return s
}

var limits = ports.BatchLimits{Entries: 4, Bytes: 1 << 20}

func newRelay(store relay.Store, b *bus, holder string) *relay.Relay {
	return relay.New(store, b, relay.Config{Holder: holder, Lease: time.Minute, Limits: limits})
}

// seed keeps a user and appends n events of the user.
func seed(t *testing.T, store *memory.Store, n int) user.User {
	t.Helper()
	u := build.User(t)
	require.NoError(t, store.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.InsertUser(ctx, u); err != nil {
			return err
		}
		entries := make([]stream.Entry, n)
		for i := range entries {
			entries[i] = stream.Entry{Event: build.Event(t, u.ID())}
		}
		_, err := tx.Record(ctx, entries)
		return err
	}))
	return u
}

func TestStepsPublishTheLogBatchByBatch(t *testing.T) {
	store, b := memory.NewStore(), &bus{partitions: 3}
	seed(t, store, 10)
	r := newRelay(store, b, "a")
	l, ok, err := r.Acquire(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	for _, want := range []int{4, 4, 2, 0} {
		n, err := r.Step(t.Context(), l)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, b.sequences())
}

func TestABatchThatFailedIsPublishedAgainFromItsFirstEntry(t *testing.T) {
	store, b := memory.NewStore(), &bus{partitions: 3}
	seed(t, store, 6)
	r := newRelay(store, b, "a")
	l, _, err := r.Acquire(t.Context())
	require.NoError(t, err)
	b.fail = errors.New("the broker went away")
	_, err = r.Step(t.Context(), l)
	require.ErrorIs(t, err, b.fail)
	b.fail = nil
	for range 2 {
		_, err = r.Step(t.Context(), l)
		require.NoError(t, err)
	}
	require.Equal(t, []int64{1, 2, 1, 2, 3, 4, 5, 6}, b.sequences())
}

func TestALeaderThatWasReplacedPublishesNothingNew(t *testing.T) {
	clock := build.NewClock(time.Now())
	store, b := memory.NewStore(memory.WithClock(clock)), &bus{partitions: 3}
	seed(t, store, 6)
	first, second := newRelay(store, b, "a"), newRelay(store, b, "b")
	l1, ok, err := first.Acquire(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	b.fail = errors.New("the broker went away")
	_, err = first.Step(t.Context(), l1)
	require.Error(t, err)
	_, ok, err = second.Acquire(t.Context())
	require.NoError(t, err)
	require.False(t, ok, "the first one's lease holds")

	clock.Advance(2 * time.Minute)
	l2, ok, err := second.Acquire(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	require.Greater(t, l2.Epoch, l1.Epoch)
	b.fail, b.sent = nil, nil
	_, err = first.Step(t.Context(), l1)
	require.True(t, fault.Is(err, fault.Fenced), "%v", err)
	require.True(t, fault.Is(first.Renew(t.Context(), l1), fault.Fenced))
	require.Empty(t, b.sent)
	for range 2 {
		_, err = second.Step(t.Context(), l2)
		require.NoError(t, err)
	}
	require.Equal(t, []int64{1, 2, 3, 4, 5, 6}, b.sequences())
	require.Equal(t, l1.Epoch, b.sent[0].Epoch, "a batch cut before keeps its epoch")
	require.Equal(t, l2.Epoch, b.sent[5].Epoch)
}

func TestATopicWithAnotherCountOfPartitionsStopsTheRelay(t *testing.T) {
	store, b := memory.NewStore(), &bus{partitions: 3}
	seed(t, store, 1)
	r := newRelay(store, b, "a")
	l, _, err := r.Acquire(t.Context())
	require.NoError(t, err)
	_, err = r.Step(t.Context(), l)
	require.NoError(t, err)

	seed(t, store, 1)
	b.partitions = 4
	again := newRelay(store, b, "a")
	l, _, err = again.Acquire(t.Context())
	require.NoError(t, err)
	_, err = again.Step(t.Context(), l)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	require.Len(t, b.sent, 1)
}
