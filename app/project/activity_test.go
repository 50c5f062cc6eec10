package project_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/app/project"
	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

func (h *house) apply(entries ...event.Event) {
	h.t.Helper()
	published := make([]stream.Published, len(entries))
	for i, e := range entries {
		published[i].Event = e
	}
	require.NoError(h.t, h.store.Do(h.t.Context(), func(ctx context.Context, tx ports.Tx) error {
		return project.Activity{}.Apply(ctx, tx, published)
	}))
}

func TestActivityAddsUpWhatCallersSent(t *testing.T) {
	h := newHouse(t)
	at := func(day int, what string) event.Event {
		when := time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC)
		return build.Event(t, h.user.ID(), func(d *event.Draft) { d.OccurredAt, d.Type = &when, what })
	}
	h.apply(at(5, "page.viewed"), at(2, "page.viewed"))
	last := at(3, "cart.filled")
	h.apply(event.Own(build.ID(), h.user.ID(), event.UserUpdated, document.Object{}), at(9, "page.viewed"), last)

	a, err := h.store.Activity(t.Context(), h.user.ID())
	require.NoError(t, err)
	require.Equal(t, ports.Activity{Total: 4, ByType: map[string]int64{"page.viewed": 3, "cart.filled": 1},
		FirstAt: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), LastAt: time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC),
		Through: last.ID()}, a)
}

func TestADeletedUsersActivityDoesNotComeBack(t *testing.T) {
	h := newHouse(t)
	deleted := event.Own(build.ID(), h.user.ID(), event.UserDeleted, document.Object{})
	h.apply(build.Event(t, h.user.ID()))
	h.apply(build.Event(t, h.user.ID()), deleted, build.Event(t, h.user.ID()))
	require.Zero(t, h.total())
	h.apply(build.Event(t, h.user.ID()))
	require.Zero(t, h.total(), "a late event")
}
