package contract

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var twinTests = []storeTest{
	{name: "a twin within a call or a transaction is a duplicate", run: twinsWithin},
	{name: "a twin in a later transaction is a duplicate", run: twinsAcross},
	{name: "other users, sources and letters make no twin", run: noTwins},
	{name: "a twin is known after the user's deletion", run: twinOfDeleted},
	{name: "a twin that was rolled back is none", run: twinRolledBack},
	{name: "of concurrent twins one is accepted", run: concurrentTwins},
	{name: "concurrent calls with twins in other orders", run: crossedTwins},
	{name: "a twin waits for a transaction that is open", run: twinOfOpen},
}

func withTwin(externalID string) func(*event.Draft) {
	return func(d *event.Draft) { d.ExternalID = &externalID }
}

func twinsWithin(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	entries := []stream.Entry{build.Entry(t, u.ID(), withTwin("x")), build.Entry(t, u.ID(), withTwin("x")), build.Entry(t, u.ID(), withTwin("x"))}
	var first, second []ports.Recorded
	do(t, s, func(ctx context.Context, tx ports.Tx) (err error) {
		if first, err = tx.Record(ctx, entries[:2]); err != nil {
			return err
		}
		second, err = tx.Record(ctx, entries[2:])
		return err
	})
	duplicate := ports.Recorded{Outcome: ports.Duplicate, Event: entries[0].Event}
	require.Equal(t, []ports.Recorded{{Outcome: ports.Accepted, Event: entries[0].Event}, duplicate}, first)
	require.Equal(t, []ports.Recorded{duplicate}, second)
	for _, e := range entries[1:] {
		requireNoEvent(t, s, e.Event.ID())
	}
}

func twinsAcross(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	first := build.Entry(t, u.ID(), withTwin("x"), func(d *event.Draft) { d.Data = build.Object(t, `{"first":true}`) })
	accepted(t, s, first)
	for range 2 {
		again := build.Entry(t, u.ID(), withTwin("x"), func(d *event.Draft) { d.Type = "another.type" })
		require.Equal(t, []ports.Recorded{{Outcome: ports.Duplicate, Event: first.Event}}, record(t, s, again))
		requireNoEvent(t, s, again.Event.ID())
	}
	require.Len(t, publish(t, s, lead(t, s, "a"), roomy), 1)
}

func noTwins(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u, other := addUser(t, s), addUser(t, s)
	withSource := func(source string) func(*event.Draft) { return func(d *event.Draft) { d.Source = &source } }
	accepted(t, s,
		build.Entry(t, u.ID(), withTwin("x")), build.Entry(t, other.ID(), withTwin("x")),
		build.Entry(t, u.ID(), withTwin("X")), build.Entry(t, u.ID(), withTwin("x"), withSource("/x")),
		build.Entry(t, u.ID(), withTwin("x"), withSource("/X")), build.Entry(t, u.ID()), build.Entry(t, u.ID()))
	accepted(t, s, build.Entry(t, u.ID()), build.Entry(t, u.ID(), withTwin("xx")), build.Entry(t, u.ID(), withTwin("_")))
}

func twinOfDeleted(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s, withExternalID("u"))
	first := build.Entry(t, u.ID(), withTwin("x"))
	accepted(t, s, first)
	remove(t, s, u.ID())
	recorded := record(t, s, build.Entry(t, u.ID(), withTwin("x")), build.Entry(t, u.ID(), withTwin("y")))
	require.Equal(t, []ports.Recorded{{Outcome: ports.Duplicate, Event: first.Event}, {Outcome: ports.UnknownUser}}, recorded)
}

func twinRolledBack(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	lost := build.Entry(t, u.ID(), withTwin("x"))
	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.Record(ctx, []stream.Entry{lost}); err != nil {
			return err
		}
		return errMine
	})
	require.ErrorIs(t, err, errMine)
	accepted(t, s, build.Entry(t, u.ID(), withTwin("x")))
	requireNoEvent(t, s, lost.Event.ID())
}

func concurrentTwins(t *testing.T, h StoreHarness) {
	const senders = 16
	s := h.New(t)
	u := addUser(t, s)
	entries := build.Entries(t, senders, u.ID(), withTwin("x"))
	outcomes := make([]ports.Recorded, senders)
	ctx := testContext(t)
	parallel(senders, func(i int) {
		assertOK(t, s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
			recorded, err := tx.Record(ctx, entries[i:i+1])
			if err == nil {
				outcomes[i] = recorded[0]
			}
			return err
		}))
	})
	published := publish(t, s, lead(t, s, "a"), roomy)
	require.Len(t, published, 1)
	for i, r := range outcomes {
		require.Equal(t, published[0].Event, r.Event)
		require.Equal(t, entries[i].Event.ID() == r.Event.ID(), r.Outcome == ports.Accepted)
	}
}

func crossedTwins(t *testing.T, h StoreHarness) {
	const senders, rounds, each = 6, 4, 8
	s := h.New(t)
	users := userIDs(addUsers(t, s, 2))
	calls := make([][][]stream.Entry, senders)
	for i := range calls {
		for round := range rounds {
			call := make([]stream.Entry, each)
			for k := range call {
				place := k
				if i%2 == 1 {
					place = each - 1 - k
				}
				call[place] = build.Entry(t, users[k%2], withTwin(fmt.Sprint(round, "-", k)))
			}
			calls[i] = append(calls[i], call)
		}
	}
	var sum atomic.Int64
	ctx := testContext(t)
	parallel(senders, func(i int) {
		for _, call := range calls[i] {
			fresh := int64(0)
			assertOK(t, s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
				recorded, err := tx.Record(ctx, call)
				fresh = 0
				for k, r := range recorded {
					assert.Equal(t, call[k].Event.State().ExternalID, r.Event.State().ExternalID)
					if r.Outcome == ports.Accepted {
						fresh++
					}
				}
				return err
			}))
			sum.Add(fresh)
		}
	})
	require.EqualValues(t, rounds*each, sum.Load())
	require.Len(t, publish(t, s, lead(t, s, "a"), roomy), rounds*each)
}

// twinOfOpen sends a twin of an event whose transaction is still open, and then commits that or rolls it back.
func twinOfOpen(t *testing.T, h StoreHarness) {
	for _, end := range []error{nil, errMine} {
		t.Run(fmt.Sprint("which ends with ", end), func(t *testing.T) {
			s := h.New(t)
			u := addUser(t, s)
			first, second := build.Entry(t, u.ID(), withTwin("x")), build.Entry(t, u.ID(), withTwin("x"))
			ctx := testContext(t)
			recorded, letGo := make(chan struct{}), make(chan struct{})
			firstErr, secondErr := make(chan error, 1), make(chan error, 1)
			go func() {
				firstErr <- s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
					if _, err := tx.Record(ctx, []stream.Entry{first}); err != nil {
						return err
					}
					close(recorded)
					<-letGo
					return end
				})
			}()
			select {
			case <-recorded:
			case err := <-firstErr:
				require.FailNow(t, "the transaction ended too early", "%v", err)
			}
			var got []ports.Recorded
			go func() {
				secondErr <- s.Do(ctx, func(ctx context.Context, tx ports.Tx) (err error) {
					got, err = tx.Record(ctx, []stream.Entry{second})
					return err
				})
			}()
			close(letGo)
			require.ErrorIs(t, <-firstErr, end)
			require.NoError(t, <-secondErr)
			want := ports.Recorded{Outcome: ports.Duplicate, Event: first.Event}
			if end != nil {
				want = ports.Recorded{Outcome: ports.Accepted, Event: second.Event}
			}
			require.Equal(t, []ports.Recorded{want}, got)
		})
	}
}
