package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/in/worker"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/app/project"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// bus hands out one partition with the messages of a list, from the offset that is sought.
type bus struct {
	mu       sync.Mutex
	messages []ports.Delivery
	more     chan struct{}
	next     int64
	sought   []int64
	commits  []int64
	fetchErr error
}

func (b *bus) Subscribe(ctx context.Context, _ string, work func(context.Context, ports.Assignment) error) error {
	return work(ctx, b)
}

func (b *bus) Partition() int32 { return 0 }

func (b *bus) Seek(_ context.Context, offset int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sought = append(b.sought, offset)
	b.next = max(offset, 0)
	return nil
}

func (b *bus) Fetch(ctx context.Context, limit int) ([]ports.Delivery, error) {
	for {
		b.mu.Lock()
		err, more := b.fetchErr, b.more
		end := min(b.next+int64(limit), int64(len(b.messages)))
		fetched := b.messages[min(b.next, end):end]
		if err == nil {
			b.next = end
		}
		b.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, err
		case len(fetched) > 0:
			return fetched, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}

func (b *bus) Commit(offset int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.commits = append(b.commits, offset)
}

func (b *bus) add(entries ...stream.Published) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		b.messages = append(b.messages, ports.Delivery{Offset: int64(len(b.messages)), Entry: e})
	}
	close(b.more)
	b.more = make(chan struct{})
}

// flaky is a store whose transactions fail as told: before they begin, or, when mute, after their commit.
type flaky struct {
	*memory.Store
	mu   sync.Mutex
	fail error
	mute bool
}

func (s *flaky) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *flaky) Do(ctx context.Context, fn func(context.Context, ports.Tx) error) error {
	s.mu.Lock()
	err, mute := s.fail, s.mute
	s.mute = false
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.Store.Do(ctx, fn); err != nil || !mute {
		return err
	}
	return fault.New(fault.Unavailable, "It isn't known whether the change was made.")
}

type scene struct {
	store *flaky
	bus   *bus
	user  user.User
}

func newScene(t *testing.T) *scene {
	s := &scene{store: &flaky{Store: memory.NewStore()}, bus: &bus{more: make(chan struct{})}, user: build.User(t)}
	require.NoError(t, s.store.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, s.user) }))
	return s
}

// send records events and puts them on the bus as the relay would.
func (s *scene) send(t *testing.T, n int) {
	require.NoError(t, s.store.Store.Do(t.Context(), func(ctx context.Context, tx ports.Tx) error {
		_, err := tx.Record(ctx, build.Entries(t, n, s.user.ID()))
		return err
	}))
	lease, ok, err := s.store.AcquireLease(t.Context(), ports.RelayLease, "test", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	b, err := s.store.NextBatch(t.Context(), lease, 1, ports.BatchLimits{Entries: n, Bytes: 1 << 20})
	require.NoError(t, err)
	require.Len(t, b.Entries, n)
	require.NoError(t, s.store.BatchDone(t.Context(), lease, b.Number))
	s.bus.add(b.Entries...)
}

func (s *scene) total(t *testing.T) int64 {
	synctest.Wait()
	a, err := s.store.Activity(t.Context(), s.user.ID())
	require.NoError(t, err)
	return a.Total
}

func (s *scene) run(t *testing.T) (stop func()) {
	w, err := worker.New(s.bus, s.store, []project.Group{project.Activity{}}, build.IDs(), build.NewClock(time.Now()),
		worker.Config{Fetch: 4, Attempts: 3, MinBackoff: 50 * time.Millisecond, MaxBackoff: time.Second, Reclaim: 5 * time.Second},
		slog.New(slog.DiscardHandler), worker.NewMetrics(prometheus.NewRegistry()))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

// pass lets time of the test's own clock pass.
func pass(d time.Duration) { <-time.After(d) }

func TestTheWorkerGoesOnWhereTheStoreSaysItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.send(t, 10)
		stop := s.run(t)
		require.EqualValues(t, 10, s.total(t))
		stop()
		s.send(t, 3)
		stop = s.run(t)
		require.EqualValues(t, 13, s.total(t))
		stop()
		require.Equal(t, []int64{-1, 10}, s.bus.sought)
		require.Equal(t, []int64{4, 8, 10, 13}, s.bus.commits)
	})
}

func TestAStoreThatIsDownIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		stop := s.run(t)
		s.send(t, 2)
		require.EqualValues(t, 2, s.total(t))
		s.store.set(fault.New(fault.Unavailable, "The store does not answer."))
		s.send(t, 2)
		pass(time.Minute)
		require.EqualValues(t, 2, s.total(t))
		s.store.set(nil)
		pass(3 * time.Second)
		require.EqualValues(t, 4, s.total(t))
		letters, err := s.store.ListDeadLetters(t.Context(), "activity", build.IDAt(time.UnixMilli(0)), 10)
		require.NoError(t, err)
		require.Empty(t, letters, "an outage spends no attempts")
		stop()
	})
}

func TestACommitWhoseReplyWasLostIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.store.mute = true
		s.send(t, 3)
		stop := s.run(t)
		require.EqualValues(t, 3, s.total(t))
		s.send(t, 3)
		pass(3 * time.Second)
		require.EqualValues(t, 6, s.total(t), "claimed anew, and gone on from what the store has")
		stop()
	})
}

func TestABusThatFailsIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.bus.fetchErr = errors.New("no broker")
		s.send(t, 2)
		stop := s.run(t)
		pass(time.Minute)
		s.bus.mu.Lock()
		s.bus.fetchErr = nil
		s.bus.mu.Unlock()
		pass(3 * time.Second)
		require.EqualValues(t, 2, s.total(t))
		stop()
	})
}

func TestAPartitionThatAnotherClaimedIsLeftAloneForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		stop := s.run(t)
		s.send(t, 2)
		require.EqualValues(t, 2, s.total(t))
		other, err := s.store.ClaimPartition(t.Context(), "activity", 0)
		require.NoError(t, err)
		s.send(t, 2)
		pass(time.Second)
		require.EqualValues(t, 2, s.total(t), "nothing is committed without the claim")
		pass(5 * time.Second)
		require.EqualValues(t, 4, s.total(t), "the bus still says that it is ours: claimed again")
		memories, err := s.store.Memories(t.Context(), "activity")
		require.NoError(t, err)
		require.Greater(t, memories[0].Generation, other.Generation)
		stop()
	})
}

func TestAWrongConfigurationIsNamed(t *testing.T) {
	good := worker.Config{Fetch: 1, Attempts: 1, MinBackoff: 1, MaxBackoff: 2, Reclaim: 1}
	require.NoError(t, good.Validate())
	for name, change := range map[string]func(c *worker.Config){
		"Fetch":    func(c *worker.Config) { c.Fetch = 0 },
		"Attempts": func(c *worker.Config) { c.Attempts = 0 },
		"backoff":  func(c *worker.Config) { c.MaxBackoff = 0 },
		"Reclaim":  func(c *worker.Config) { c.Reclaim = 0 },
	} {
		c := good
		change(&c)
		require.ErrorContains(t, c.Validate(), name)
	}
}
