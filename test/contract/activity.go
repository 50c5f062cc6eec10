package contract

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var activityTests = []storeTest{
	{name: "a user of whom nothing is known", run: noActivity},
	{name: "additions add up", run: activityAddsUp},
	{name: "first and last go by when events occurred", run: activityExtremes},
	{name: "through is the entry counted last, not the greatest", run: activityThrough},
	{name: "a forgotten user stays forgotten", run: forgottenActivity},
	{name: "concurrent additions are all counted", run: concurrentActivity},
	{name: "many users at once", run: manyActivities},
	{name: "what is returned and what was given is the caller's own", run: activityIsCallersOwn},
}

// activityOf returns what one event adds.
func activityOf(e event.Event) ports.Activity {
	s := e.State()
	return ports.Activity{Total: 1, ByType: map[string]int64{s.Type: 1}, FirstAt: s.OccurredAt, LastAt: s.OccurredAt, Through: s.ID}
}

// activityOfOne returns what some event of a user adds.
func activityOfOne(uid id.ID) map[id.ID]ports.Activity {
	return map[id.ID]ports.Activity{uid: activityOf(eventEntry(uid).Event)}
}

func addActivity(t *testing.T, s ports.Store, additions map[id.ID]ports.Activity) {
	t.Helper()
	do(t, s, func(ctx context.Context, tx ports.Tx) error { return tx.AddActivity(ctx, additions) })
}

func forget(t *testing.T, s ports.Store, users ...id.ID) {
	t.Helper()
	do(t, s, func(ctx context.Context, tx ports.Tx) error { return tx.ForgetActivity(ctx, users) })
}

func requireActivity(t *testing.T, s ports.Store, uid id.ID, want ports.Activity) {
	t.Helper()
	got, err := s.Activity(testContext(t), uid)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

var noneAtAll = ports.Activity{ByType: map[string]int64{}}

func noActivity(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	addActivity(t, s, nil)
	forget(t, s)
	requireActivity(t, s, u.ID(), noneAtAll)
	requireActivity(t, s, build.ID(), noneAtAll)
	requireActivity(t, s, id.Nil, noneAtAll)
}

func activityAddsUp(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, b := build.ID(), build.ID()
	at := build.ID().Time()
	one, two := build.ID(), build.ID()
	first := ports.Activity{Total: 3, ByType: map[string]int64{"x": 1, "y.z": 2}, FirstAt: at, LastAt: at.Add(time.Hour), Through: one}
	addActivity(t, s, map[id.ID]ports.Activity{a: first})
	requireActivity(t, s, a, first)
	requireActivity(t, s, b, noneAtAll)
	more := ports.Activity{
		Total: 5, ByType: map[string]int64{"x": 1, "w": 4}, FirstAt: at.Add(time.Minute), LastAt: at.Add(2 * time.Hour), Through: two,
	}
	addActivity(t, s, map[id.ID]ports.Activity{a: more, b: more})
	requireActivity(t, s, a, ports.Activity{
		Total: 8, ByType: map[string]int64{"x": 2, "y.z": 2, "w": 4}, FirstAt: at, LastAt: at.Add(2 * time.Hour), Through: two,
	})
	requireActivity(t, s, b, more)
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.AddActivity(ctx, map[id.ID]ports.Activity{b: first}); err != nil {
			return err
		}
		return tx.AddActivity(ctx, map[id.ID]ports.Activity{b: first})
	})
	requireActivity(t, s, b, ports.Activity{
		Total: 11, ByType: map[string]int64{"x": 3, "y.z": 4, "w": 4}, FirstAt: at, LastAt: at.Add(2 * time.Hour), Through: one,
	})
}

func activityExtremes(t *testing.T, h StoreHarness) {
	s := h.New(t)
	uid := build.ID()
	early, late := time.Unix(0, 0).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	middle := build.ID().Time()
	want := ports.Activity{ByType: map[string]int64{}, FirstAt: middle, LastAt: middle}
	for _, at := range []time.Time{middle, late, early, middle.Add(time.Microsecond)} {
		through := build.ID()
		addActivity(t, s, map[id.ID]ports.Activity{uid: {Total: 1, ByType: map[string]int64{"x": 1}, FirstAt: at, LastAt: at, Through: through}})
		want.Total++
		want.ByType["x"]++
		want.Through = through
		if at.Before(want.FirstAt) {
			want.FirstAt = at
		}
		if at.After(want.LastAt) {
			want.LastAt = at
		}
		requireActivity(t, s, uid, want)
	}
}

func activityThrough(t *testing.T, h StoreHarness) {
	s := h.New(t)
	uid := build.ID()
	smaller, greater := build.ID(), build.ID()
	for _, through := range []id.ID{greater, smaller} {
		additions := activityOfOne(uid)
		a := additions[uid]
		a.Through = through
		additions[uid] = a
		addActivity(t, s, additions)
		got, err := s.Activity(testContext(t), uid)
		require.NoError(t, err)
		require.Equal(t, through, got.Through)
	}
}

func forgottenActivity(t *testing.T, h StoreHarness) {
	s := h.New(t)
	counted, never, kept := build.ID(), build.ID(), build.ID()
	addActivity(t, s, activityOfOne(counted))
	ofKept := activityOfOne(kept)
	addActivity(t, s, ofKept)
	forget(t, s, counted, never)
	forget(t, s, never)
	for _, uid := range []id.ID{counted, never} {
		requireActivity(t, s, uid, noneAtAll)
		additions := activityOfOne(uid)
		additions[build.ID()] = ofKept[kept]
		addActivity(t, s, additions)
		requireActivity(t, s, uid, noneAtAll)
	}
	requireActivity(t, s, kept, ofKept[kept])

	within := build.ID()
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.AddActivity(ctx, activityOfOne(within)); err != nil {
			return err
		}
		if err := tx.ForgetActivity(ctx, []id.ID{within}); err != nil {
			return err
		}
		return tx.AddActivity(ctx, activityOfOne(within))
	})
	requireActivity(t, s, within, noneAtAll)

	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.ForgetActivity(ctx, []id.ID{kept}); err != nil {
			return err
		}
		return errMine
	})
	require.ErrorIs(t, err, errMine)
	requireActivity(t, s, kept, ofKept[kept])
}

func concurrentActivity(t *testing.T, h StoreHarness) {
	const workers, rounds = 12, 6
	s := h.New(t)
	ctx := testContext(t)
	users := make([]id.ID, 6)
	for i := range users {
		users[i] = build.ID()
	}
	parallel(workers, func(i int) {
		for round := range rounds {
			additions := map[id.ID]ports.Activity{}
			for k := range 3 {
				uid := users[(i+round+2*k)%len(users)]
				additions[uid] = activityOfOne(uid)[uid]
			}
			assertOK(t, s.Do(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.AddActivity(ctx, additions) }))
		}
	})
	sum := int64(0)
	for _, uid := range users {
		a, err := s.Activity(ctx, uid)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"thing.done": a.Total}, a.ByType)
		sum += a.Total
	}
	require.EqualValues(t, workers*rounds*3, sum)
}

func manyActivities(t *testing.T, h StoreHarness) {
	s := h.New(t)
	additions := map[id.ID]ports.Activity{}
	var users []id.ID
	for range 500 {
		uid := build.ID()
		users = append(users, uid)
		additions[uid] = activityOfOne(uid)[uid]
	}
	addActivity(t, s, additions)
	forget(t, s, users[:100]...)
	for i, uid := range users {
		want := additions[uid]
		if i < 100 {
			want = noneAtAll
		}
		requireActivity(t, s, uid, want)
	}
}

func activityIsCallersOwn(t *testing.T, h StoreHarness) {
	s := h.New(t)
	uid := build.ID()
	additions := activityOfOne(uid)
	addActivity(t, s, additions)
	additions[uid].ByType["thing.done"] = 99
	for range 2 {
		a, err := s.Activity(testContext(t), uid)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"thing.done": 1}, a.ByType)
		clear(a.ByType)
	}
}
