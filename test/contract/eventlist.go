package contract

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var eventListTests = []storeTest{
	{name: "pages of any size make up the list", run: eventPages},
	{name: "events added meanwhile disturb no page", run: eventPagesWhileAdding},
	{name: "filters select and combine", run: eventFilters},
	{name: "a range of time holds its beginning and not its end", run: eventRange},
	{name: "ranges of time at the ends of it", run: eventRangeEnds},
}

// listEvents reads a list to its end, calling between after every page.
func listEvents(t *testing.T, s ports.Store, q ports.EventQuery, between func()) []event.Event {
	t.Helper()
	var all []event.Event
	for {
		page, err := s.ListEvents(testContext(t), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), q.Limit)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		require.Less(t, len(all), endless, "the pages don't end")
		q.Before = page[len(page)-1].ID()
		between()
	}
}

// newestFirst returns the events of entries in the order of lists.
func newestFirst(entries []stream.Entry) []event.Event {
	events := make([]event.Event, len(entries))
	for i, e := range entries {
		events[i] = e.Event
	}
	slices.SortFunc(events, func(a, b event.Event) int {
		x, y := a.ID(), b.ID()
		return slices.Compare(y[:], x[:])
	})
	return events
}

func eventPages(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, b := addUser(t, s), addUser(t, s)
	ofA, ofB := build.Entries(t, 7, a.ID()), build.Entries(t, 6, b.ID())
	accepted(t, s, ofB...)
	slices.Reverse(ofA)
	accepted(t, s, ofA...)
	all := newestFirst(slices.Concat(ofA, ofB))
	for _, limit := range []int{1, 2, 5, 12, 13, 14, 200} {
		require.Equal(t, all, listEvents(t, s, ports.EventQuery{Limit: limit}, nothing))
		require.Equal(t, newestFirst(ofA), listEvents(t, s, ports.EventQuery{UserID: a.ID(), Limit: limit}, nothing))
	}
}

func eventPagesWhileAdding(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	there := build.Entries(t, 10, u.ID())
	accepted(t, s, there...)
	got := listEvents(t, s, ports.EventQuery{Limit: 3}, func() { accepted(t, s, build.Entry(t, u.ID())) })
	require.Equal(t, newestFirst(there), got)
}

func eventFilters(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, b := addUser(t, s), addUser(t, s)
	withType := func(eventType, source string) func(*event.Draft) {
		return func(d *event.Draft) { d.Type, d.Source = eventType, &source }
	}
	e := []stream.Entry{
		build.Entry(t, a.ID(), withType("x_y", "/a")), build.Entry(t, b.ID(), withType("x_y", "/b")),
		build.Entry(t, a.ID(), withType("x.y", "/b")), build.Entry(t, a.ID(), withType("x_y", "/A")),
	}
	accepted(t, s, e...)
	own := stream.Entry{Event: event.Own(build.ID(), a.ID(), event.UserUpdated, build.Object(t, `{}`))}
	do(t, s, func(ctx context.Context, tx ports.Tx) error { return tx.Append(ctx, []stream.Entry{own}) })
	for _, test := range []struct {
		q    ports.EventQuery
		want []stream.Entry
	}{
		{ports.EventQuery{}, append(slices.Clone(e), own)},
		{ports.EventQuery{UserID: a.ID()}, []stream.Entry{e[0], e[2], e[3], own}},
		{ports.EventQuery{UserID: build.ID()}, nil},
		{ports.EventQuery{Type: "x_y"}, []stream.Entry{e[0], e[1], e[3]}},
		{ports.EventQuery{Type: "X_Y"}, nil},
		{ports.EventQuery{Type: "x%"}, nil},
		{ports.EventQuery{Type: event.UserUpdated}, []stream.Entry{own}},
		{ports.EventQuery{Source: "/b"}, []stream.Entry{e[1], e[2]}},
		{ports.EventQuery{Source: "/"}, nil},
		{ports.EventQuery{Source: "' OR ''='"}, nil},
		{ports.EventQuery{Source: event.OwnSource, UserID: b.ID()}, nil},
		{ports.EventQuery{UserID: a.ID(), Type: "x_y"}, []stream.Entry{e[0], e[3]}},
		{ports.EventQuery{UserID: a.ID(), Type: "x_y", Source: "/A"}, []stream.Entry{e[3]}},
		{ports.EventQuery{UserID: a.ID(), Before: e[3].Event.ID()}, []stream.Entry{e[0], e[2]}},
		{ports.EventQuery{Type: "x_y", Source: "/a", Before: e[0].Event.ID()}, nil},
		{ports.EventQuery{Type: "x_y", From: e[1].Event.RecordedAt()}, []stream.Entry{e[1], e[3]}},
		{ports.EventQuery{UserID: a.ID(), To: e[2].Event.RecordedAt(), Before: own.Event.ID()}, []stream.Entry{e[0]}},
	} {
		test.q.Limit = 10
		requireEvents(t, s, test.q, test.want)
	}
}

func requireEvents(t *testing.T, s ports.Store, q ports.EventQuery, want []stream.Entry) {
	t.Helper()
	got, err := s.ListEvents(testContext(t), q)
	require.NoError(t, err)
	require.Equal(t, idsOf(newestFirst(want)), idsOf(got), "%+v", q)
}

// recordAt records an event of each instant.
func recordAt(t *testing.T, s ports.Store, instants ...time.Time) []stream.Entry {
	t.Helper()
	u := addUser(t, s)
	entries := make([]stream.Entry, len(instants))
	for i, at := range instants {
		entries[i] = stream.Entry{Event: build.EventOf(t, build.IDAt(at), u.ID())}
	}
	accepted(t, s, entries...)
	return entries
}

func eventRange(t *testing.T, h StoreHarness) {
	s := h.New(t)
	at := build.ID().Time()
	us := func(n int) time.Time { return at.Add(time.Duration(n) * time.Microsecond) }
	e := recordAt(t, s, us(-1), us(0), us(0), us(1), us(2))
	elsewhere := time.FixedZone("elsewhere", -7*3600)
	for _, test := range []struct {
		from, to time.Time
		want     []stream.Entry
	}{
		{us(0), us(1), e[1:3]},
		{us(0).In(elsewhere), us(1).In(elsewhere), e[1:3]},
		{us(0), us(2), e[1:4]},
		{us(-1), us(0), e[:1]},
		{us(1), time.Time{}, e[3:]},
		{time.Time{}, us(1), e[:3]},
		{us(1), us(1), nil},
		{us(2), us(0), nil},
		{us(3), time.Time{}, nil},
		{time.Time{}, us(-1), nil},
	} {
		requireEvents(t, s, ports.EventQuery{From: test.from, To: test.to, Limit: 10}, test.want)
	}
}

func eventRangeEnds(t *testing.T, h StoreHarness) {
	s := h.New(t)
	first, last := id.Earliest, time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	e := recordAt(t, s, first, first.Add(time.Microsecond), build.ID().Time(), last)
	for _, test := range []struct {
		from, to time.Time
		want     []stream.Entry
	}{
		{first, last, e[:3]},
		{first.AddDate(-1900, 0, 0), last.AddDate(1, 0, 0), e},
		{first.Add(time.Microsecond), last, e[1:3]},
		{last, time.Time{}, e[3:]},
		{last.Add(time.Microsecond), time.Time{}, nil},
		{time.Time{}, first, nil},
		{time.Time{}, first.AddDate(-5, 0, 0), nil},
		{last.AddDate(20_000, 0, 0), time.Time{}, nil},
		{time.Time{}, last.AddDate(20_000, 0, 0), e},
	} {
		requireEvents(t, s, ports.EventQuery{From: test.from, To: test.to, Limit: 10}, test.want)
	}
	for _, want := range e {
		got, err := s.Event(testContext(t), want.Event.ID())
		require.NoError(t, err)
		require.Equal(t, want.Event, got)
	}
}
