package contract

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var recordTests = []storeTest{
	{name: "events are kept as they are", run: eventsAreKept},
	{name: "nothing to record or append", run: nothingToRecord},
	{name: "an unknown event is not found", run: func(t *testing.T, h StoreHarness) { requireNoEvent(t, h.New(t), build.ID()) }},
	{name: "outcomes come in the order of the events, each its own", run: mixedOutcomes},
	{name: "a call of a thousand events", run: manyEvents},
	{name: "unknown and deleted users are refused", run: unknownUsers},
	{name: "a user of the same transaction is known", run: userOfSameTransaction},
	{name: "an event sent after the deletion was answered is refused", run: deletionRace},
	{name: "a deletion is seen by a transaction that began before it", needs: needsConcurrentWriters, run: deletionDuringTransaction},
	{name: "the service's own events need no user", run: ownEvents},
}

func eventsAreKept(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	at := build.ID().Time().Add(-1234567 * 1000) // microseconds that aren't round
	full := build.Entry(t, u.ID(), func(d *event.Draft) {
		d.Type, d.Source, d.ExternalID = "cart.item_added-2", new("https://shop.example/x?y=%20#z"), new("order/1'\"\\")
		d.Data = build.Object(t, `{"b":1,"a":{"x":null}}`)
		d.Extensions = map[string]string{"tenant": "ä€😀", "empty": ""}
		d.OccurredAt = &at
	})
	full.Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	bare := build.Entry(t, u.ID())
	entries := []stream.Entry{full, bare}
	for i, r := range record(t, s, entries...) {
		require.Equal(t, ports.Recorded{Outcome: ports.Accepted, Event: entries[i].Event}, r)
		got, err := s.Event(testContext(t), entries[i].Event.ID())
		require.NoError(t, err)
		require.Equal(t, entries[i].Event, got)
	}
	listed, err := s.ListEvents(testContext(t), ports.EventQuery{Limit: 5})
	require.NoError(t, err)
	require.Equal(t, []event.Event{bare.Event, full.Event}, listed)
	published := publish(t, s, lead(t, s, "a"), roomy)
	require.Len(t, published, 2)
	require.Equal(t, full, published[0].Entry)
	require.Equal(t, bare, published[1].Entry)
}

func nothingToRecord(t *testing.T, h StoreHarness) {
	s := h.New(t)
	require.Empty(t, record(t, s))
	do(t, s, func(ctx context.Context, tx ports.Tx) error { return tx.Append(ctx, nil) })
	pending, err := s.Pending(testContext(t), 1)
	require.NoError(t, err)
	require.Zero(t, pending)
}

func mixedOutcomes(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u, gone := addUser(t, s), addUser(t, s)
	remove(t, s, gone.ID())
	before := build.Entry(t, u.ID(), withTwin("1"))
	accepted(t, s, before)
	fresh, again := build.Entry(t, u.ID(), withTwin("2")), build.Entry(t, u.ID(), withTwin("2"))
	bare := build.Entry(t, u.ID())
	recorded := record(t, s,
		build.Entry(t, build.ID()), build.Entry(t, u.ID(), withTwin("1")), fresh, build.Entry(t, gone.ID(), withTwin("3")),
		again, bare)
	require.Equal(t, []ports.Recorded{
		{Outcome: ports.UnknownUser},
		{Outcome: ports.Duplicate, Event: before.Event},
		{Outcome: ports.Accepted, Event: fresh.Event},
		{Outcome: ports.UnknownUser},
		{Outcome: ports.Duplicate, Event: fresh.Event},
		{Outcome: ports.Accepted, Event: bare.Event},
	}, recorded)
	published := publish(t, s, lead(t, s, "a"), roomy)
	require.Equal(t, entryIDs([]stream.Entry{before, fresh, bare}), eventIDs(published))
}

func manyEvents(t *testing.T, h StoreHarness) {
	const n = 1000
	s := h.New(t)
	users := userIDs(addUsers(t, s, 7))
	users = append(users, build.ID()) // unknown
	var entries, want []stream.Entry
	for i := range n {
		e := build.Entry(t, users[i%len(users)])
		if i%3 == 0 {
			e = build.Entry(t, users[i%len(users)], withTwin(fmt.Sprint(i/(6*len(users)))))
		}
		entries = append(entries, e)
	}
	twins := map[string]bool{}
	for i, r := range record(t, s, entries...) {
		e := entries[i].Event.State()
		key := fmt.Sprint(e.UserID, e.ExternalID)
		switch {
		case i%len(users) == len(users)-1:
			require.Equal(t, ports.UnknownUser, r.Outcome, i)
		case e.ExternalID != "" && twins[key]:
			require.Equal(t, ports.Duplicate, r.Outcome, i)
			require.Equal(t, e.ExternalID, r.Event.State().ExternalID)
			require.Equal(t, e.UserID, r.Event.UserID())
		default:
			require.Equal(t, ports.Recorded{Outcome: ports.Accepted, Event: entries[i].Event}, r, i)
			twins[key] = true
			want = append(want, entries[i])
		}
	}
	require.Less(t, len(want), n*7/8, "the test has no twins")
	require.Equal(t, entryIDs(want), eventIDs(publish(t, s, lead(t, s, "a"), roomy)))
}

func unknownUsers(t *testing.T, h StoreHarness) {
	s := h.New(t)
	gone := addUser(t, s)
	remove(t, s, gone.ID())
	for _, uid := range []id.ID{build.ID(), gone.ID(), id.Nil} {
		e := build.Entry(t, uid)
		require.Equal(t, []ports.Recorded{{Outcome: ports.UnknownUser}}, record(t, s, e))
		requireNoEvent(t, s, e.Event.ID())
	}
	require.Empty(t, publish(t, s, lead(t, s, "a"), roomy))
}

func userOfSameTransaction(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := build.User(t, withExternalID("u"))
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.InsertUser(ctx, u); err != nil {
			return err
		}
		users, err := tx.ResolveUsers(ctx, []string{"u"})
		if err != nil {
			return err
		}
		assert.Equal(t, map[string]id.ID{"u": u.ID()}, users)
		recorded, err := tx.Record(ctx, []stream.Entry{build.Entry(t, u.ID())})
		if err != nil {
			return err
		}
		assert.Equal(t, ports.Accepted, recorded[0].Outcome)
		return nil
	})
}

func deletionRace(t *testing.T, h StoreHarness) {
	const rounds, senders = 4, 6
	s := h.New(t)
	ctx := testContext(t)
	for range rounds {
		u := addUser(t, s)
		var answered atomic.Bool
		var sent atomic.Int64
		started := make(chan struct{})
		parallel(senders+1, func(i int) {
			if i == 0 {
				<-started
				if assertOK(t, s.Do(ctx, func(ctx context.Context, tx ports.Tx) error { return removeIn(ctx, tx, u.ID()) })) {
					answered.Store(true)
				}
				return
			}
			for ctx.Err() == nil {
				late := answered.Load()
				outcome := ports.Outcome(0)
				entry := stream.Entry{Event: event.Restore(event.State{ID: build.ID(), UserID: u.ID(), Type: "a", Source: "/api"})}
				err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
					recorded, err := tx.Record(ctx, []stream.Entry{entry})
					if err == nil {
						outcome = recorded[0].Outcome
					}
					return err
				})
				if !assertOK(t, err) {
					return
				}
				if sent.Add(1) == senders {
					close(started)
				}
				if late {
					assert.Equal(t, ports.UnknownUser, outcome, "sent after the deletion was answered")
					return
				}
			}
		})
	}
}

func deletionDuringTransaction(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	e := build.Entry(t, u.ID())
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		if _, err := tx.ResolveUsers(ctx, []string{"x"}); err != nil {
			return err
		}
		if err := tx.Append(ctx, []stream.Entry{build.Entry(t, u.ID())}); err != nil {
			return err
		}
		if _, err := s.User(ctx, u.ID(), ports.Current); err == nil {
			remove(t, s, u.ID())
		}
		recorded, err := tx.Record(ctx, []stream.Entry{e})
		if err != nil {
			return err
		}
		assert.Equal(t, ports.UnknownUser, recorded[0].Outcome)
		return nil
	})
	requireNoEvent(t, s, e.Event.ID())
}

func ownEvents(t *testing.T, h StoreHarness) {
	s := h.New(t)
	uid := build.ID()
	entries := []stream.Entry{
		{Event: event.Own(build.ID(), uid, event.UserUpdated, build.Object(t, `{"version":2}`)), Trace: "t"},
		{Event: event.Own(build.ID(), uid, event.UserDeleted, build.Object(t, `{"version":3}`))},
	}
	do(t, s, func(ctx context.Context, tx ports.Tx) error { return tx.Append(ctx, entries) })
	for _, e := range entries {
		got, err := s.Event(testContext(t), e.Event.ID())
		require.NoError(t, err)
		require.Equal(t, e.Event, got)
	}
	published := publish(t, s, lead(t, s, "a"), roomy)
	require.Len(t, published, 2)
	for i, p := range published {
		require.Equal(t, entries[i], p.Entry)
	}
}
