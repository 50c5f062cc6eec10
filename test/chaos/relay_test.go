//go:build integration

package chaos_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
	"github.com/headrace/headrace/test/load"
	"github.com/headrace/headrace/test/process"
)

// Two relays of which the acting one is stopped and continued, workers that join and leave, 32 writers, transactions
// that are rolled back, and one that stays open for the whole run.
func TestStoppedRelaysAndComingAndGoingWorkers(t *testing.T) {
	h := newHouse(t)
	api := h.start(t, "api")
	relays := []*process.Process{h.start(t, "relay"), h.start(t, "relay")}
	workers := []*process.Process{h.start(t, "worker"), h.start(t, "worker")}
	l := load.New(t, 100, api.URL)

	store, err := postgres.Open(t.Context(), postgres.Config{URL: h.dsn, MaxConns: 6, IdleInTransactionTimeout: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer store.Close()
	inDirectly := newDirect(t, store, l)
	finishLate := inDirectly.openLate()
	stopRollbacks := inDirectly.rollBack()

	wait := background(t, l, "run", 32, size(6_400, 102_400))
	loading := make(chan struct{})
	go func() { wait(); close(loading) }()
	turns, epoch, worst := 0, int64(0), time.Duration(0)
	for running := true; running; turns++ {
		var took time.Duration
		var stopped *process.Process
		stopped, epoch, took = h.takeOver(t, relays)
		worst = max(worst, took)
		workers = append(workers, h.start(t, "worker"))
		stopped.Continue(t)
		require.Zero(t, workers[0].Terminate(t))
		workers = workers[1:]
		select {
		case <-loading:
			running = false
		default:
		}
	}
	stopRollbacks()
	late := finishLate()
	a := h.balance(t, l, late)
	t.Logf("%d turns of stopping the acting relay, replaced after %.1f leases at most; %d transactions rolled back; %d events of a transaction that was open all the time; %d repeats",
		turns, worst.Seconds()/relayLease.Seconds(), inDirectly.rolledBack.Load(), late, a.repeats)
	require.GreaterOrEqual(t, h.lastEpoch(t), epoch, "the relays that took over publish")
	require.LessOrEqual(t, worst, mostLeases*relayLease, "a relay that is stopped is replaced")
}

// direct writes to the store beside the service.
type direct struct {
	t          *testing.T
	store      *postgres.Store
	user       id.ID
	rolledBack atomic.Int64
}

func newDirect(t *testing.T, store *postgres.Store, l *load.Load) *direct {
	uid, err := id.Parse(l.Users()[0])
	require.NoError(t, err)
	return &direct{t: t, store: store, user: uid}
}

func (d *direct) entry(what string) stream.Entry {
	external := "direct/" + build.ID().String()
	return stream.Entry{Event: build.Event(d.t, d.user, func(e *event.Draft) { e.Type, e.ExternalID = what, &external })}
}

// openLate appends events in a transaction that stays open until the function returned is called, which returns how many.
func (d *direct) openLate() (finish func() int64) {
	const events = 5
	opened, commit, committed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		committed <- d.store.Do(context.Background(), func(ctx context.Context, tx ports.Tx) error {
			for range events {
				if _, err := tx.Record(ctx, []stream.Entry{d.entry("direct.late")}); err != nil {
					return err
				}
			}
			close(opened)
			<-commit
			return nil
		})
	}()
	<-opened
	return func() int64 {
		close(commit)
		require.NoError(d.t, <-committed)
		return events
	}
}

// rollBack appends events in transactions that are rolled back, until the function returned is called.
func (d *direct) rollBack() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	changedMyMind := errors.New("changed my mind")
	for range 2 {
		all.Go(func() {
			for ctx.Err() == nil {
				err := d.store.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
					if _, err := tx.Record(ctx, []stream.Entry{d.entry("direct.rolledback"), d.entry("direct.rolledback")}); err != nil {
						return err
					}
					return changedMyMind
				})
				if errors.Is(err, changedMyMind) {
					d.rolledBack.Add(1)
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}
