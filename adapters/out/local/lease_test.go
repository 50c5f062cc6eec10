package local_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/local"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

const group = "activity"

// process is one process's subscription; its works hand themselves over.
type process struct {
	works chan working
	ended chan error
	stop  context.CancelFunc
}

type working struct {
	ctx    context.Context
	a      ports.Assignment
	finish chan error // what work returns; it may take its time over that
}

func start(t *testing.T, b *local.Bus) *process {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	p := &process{works: make(chan working, 10), ended: make(chan error, 1), stop: stop}
	go func() {
		p.ended <- b.Subscribe(ctx, group, func(ctx context.Context, a ports.Assignment) error {
			w := working{ctx: ctx, a: a, finish: make(chan error)}
			p.works <- w
			return <-w.finish
		})
	}()
	return p
}

func open(t *testing.T, s local.Store, holder string, ttl time.Duration) *local.Bus {
	t.Helper()
	b, err := local.New(s, local.Config{Holder: holder, LeaseTTL: ttl, PollInterval: time.Millisecond})
	require.NoError(t, err)
	return b
}

func TestAHolderThatLosesItsLeaseStopsBeforeItAsksAgain(t *testing.T) {
	t.Parallel()
	clock := build.NewClock(time.Now())
	s := memory.NewStore(memory.WithClock(clock))
	const ttl = 5 * time.Second // renewed for long before it could run out by the machine's clock
	first := start(t, open(t, s, "first", ttl))
	lost := <-first.works
	clock.Advance(2 * ttl) // as if it had been stopped meanwhile
	second := start(t, open(t, s, "second", ttl))
	gained := <-second.works
	<-lost.ctx.Done()
	select {
	case <-first.works:
		require.Fail(t, "work was called again before it returned")
	default:
	}
	lost.finish <- errors.New("what a lost partition ends with is of no interest")
	first.stop()
	require.ErrorIs(t, <-first.ended, context.Canceled)
	require.NoError(t, gained.ctx.Err(), "the loser's release doesn't hurt the winner")
	second.stop()
	gained.finish <- nil
	require.ErrorIs(t, <-second.ended, context.Canceled)
}

func TestALeaseThatCantBeRenewedIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	f := &faulty{Store: memory.NewStore()}
	p := start(t, open(t, f, "here", 30*time.Millisecond))
	w := <-p.works
	f.down.Store(true)
	select {
	case <-w.ctx.Done():
	case <-time.After(10 * time.Second):
		require.Fail(t, "work goes on though the lease ran out long ago")
	}
	f.down.Store(false)
	w.finish <- nil
	again := <-p.works
	p.stop()
	again.finish <- nil
	require.ErrorIs(t, <-p.ended, context.Canceled)
}

func TestARestartedHolderGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	f := &faulty{Store: memory.NewStore()}
	crashed := start(t, open(t, f, "embedded", time.Hour))
	w := <-crashed.works
	f.down.Store(true) // nothing is given up
	crashed.stop()
	w.finish <- nil
	t.Log("the crash:", <-crashed.ended) // however it ended
	f.down.Store(false)
	restarted := start(t, open(t, f, "embedded", time.Hour))
	w = <-restarted.works
	restarted.stop()
	w.finish <- nil
	require.ErrorIs(t, <-restarted.ended, context.Canceled)
}

func TestSubscriptionsOfOneProcessTakeTurns(t *testing.T) {
	t.Parallel()
	f := &faulty{Store: memory.NewStore()}
	b := open(t, f, "here", time.Hour) // asks again after 20 minutes, unless it is woken
	first := start(t, b)
	w := <-first.works
	second := start(t, b)
	first.stop()
	w.finish <- nil
	require.ErrorIs(t, <-first.ended, context.Canceled)
	w = <-second.works

	asked := f.asked.Load()
	third := start(t, b) // has the first one's name now, which mustn't get it the second one's lease
	require.Eventually(t, func() bool { return f.asked.Load() > asked }, time.Minute, time.Millisecond)
	third.stop()
	require.ErrorIs(t, <-third.ended, context.Canceled)
	require.Empty(t, third.works)
	require.NoError(t, w.ctx.Err())
	second.stop()
	w.finish <- nil
	require.ErrorIs(t, <-second.ended, context.Canceled)
}

func TestWorkThatEndsByItselfIsAnError(t *testing.T) {
	t.Parallel()
	p := start(t, open(t, memory.NewStore(), "here", time.Hour))
	w := <-p.works
	w.finish <- nil
	err := <-p.ended
	require.Error(t, err)
	require.NotErrorIs(t, err, context.Canceled)
}

func TestFetchNeedsASeekAndReturnsTheStoresErrors(t *testing.T) {
	t.Parallel()
	s := memory.NewStore()
	f := &faulty{Store: s}
	p := start(t, open(t, f, "here", time.Hour))
	w := <-p.works
	_, err := w.a.Fetch(t.Context(), 1)
	require.Error(t, err)

	f.down.Store(true)
	require.True(t, fault.Is(w.a.Seek(t.Context(), -1), fault.Unavailable))
	f.down.Store(false)
	require.NoError(t, w.a.Seek(t.Context(), -1))
	published := place(t, s, lead(t, s), build.Entries(t, 3, build.ID()))
	got, err := w.a.Fetch(t.Context(), 2)
	require.NoError(t, err)
	require.Len(t, got, 2)
	f.down.Store(true)
	_, err = w.a.Fetch(t.Context(), 2)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	f.down.Store(false)
	got, err = w.a.Fetch(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, []stream.Published{published[2]}, []stream.Published{got[0].Entry})
	p.stop()
	w.finish <- nil
	t.Log("the end:", <-p.ended) // however it ended
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]local.Config{
		"Holder":       {},
		"LeaseTTL":     {Holder: "here", LeaseTTL: -1},
		"PollInterval": {Holder: "here", PollInterval: -1},
	} {
		_, err := local.New(memory.NewStore(), cfg)
		require.ErrorContains(t, err, name)
	}
	_, err := local.New(memory.NewStore(), local.Config{Holder: "here"})
	require.NoError(t, err)
}
