package contract

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var resolveTests = []storeTest{
	{name: "users by their external ids", run: resolveLive},
	{name: "a user that has it now comes before deleted ones", run: resolvePrefersLive},
	{name: "of deleted users the one deleted last", run: resolveLastDeleted},
	{name: "many at once", run: resolveMany},
}

func requireResolved(t *testing.T, s ports.Store, want map[string]id.ID, externalIDs ...string) {
	t.Helper()
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		got, err := tx.ResolveUsers(ctx, externalIDs)
		if err == nil && len(want) == 0 && len(got) == 0 {
			return nil
		}
		assert.Equal(t, want, got)
		return err
	})
}

func resolveLive(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a, b := addUser(t, s, withExternalID("a")), addUser(t, s, withExternalID("A"))
	addUser(t, s)
	requireResolved(t, s, nil)
	requireResolved(t, s, nil, "", "_", "%", a.ID().String(), "a ")
	requireResolved(t, s, map[string]id.ID{"a": a.ID(), "A": b.ID()}, "A", "a", "a", "x")
	replace(t, s, a.ID(), withExternalID("c"))
	requireResolved(t, s, map[string]id.ID{"c": a.ID()}, "a", "c")
}

func resolvePrefersLive(t *testing.T, h StoreHarness) {
	s := h.New(t)
	first := addUser(t, s, withExternalID("a"))
	remove(t, s, first.ID())
	requireResolved(t, s, map[string]id.ID{"a": first.ID()}, "a")
	second := addUser(t, s, withExternalID("a"))
	requireResolved(t, s, map[string]id.ID{"a": second.ID()}, "a")
	replace(t, s, second.ID(), func(d *user.Draft) { d.ExternalID = nil })
	requireResolved(t, s, map[string]id.ID{"a": first.ID()}, "a")
}

func resolveLastDeleted(t *testing.T, h StoreHarness) {
	s := h.New(t)
	older, newer := addUser(t, s), addUser(t, s, withExternalID("a"))
	remove(t, s, newer.ID())
	replace(t, s, older.ID(), withExternalID("a"))
	remove(t, s, older.ID())
	requireResolved(t, s, map[string]id.ID{"a": older.ID()}, "a")
	third := addUser(t, s, withExternalID("a"))
	remove(t, s, third.ID())
	requireResolved(t, s, map[string]id.ID{"a": third.ID()}, "a")
}

func resolveMany(t *testing.T, h StoreHarness) {
	s := h.New(t)
	var users []user.User
	var asked []string
	want := map[string]id.ID{}
	for i := range 100 {
		externalID := fmt.Sprint("x", i)
		asked = append(asked, externalID, fmt.Sprint("y", i))
		users = append(users, build.User(t, withExternalID(externalID)))
		want[externalID] = users[i].ID()
	}
	insert(t, s, users...)
	for _, u := range users[:5] {
		remove(t, s, u.ID())
	}
	requireResolved(t, s, want, asked...)
}
