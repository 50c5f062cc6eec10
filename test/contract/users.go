package contract

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var userTests = []storeTest{
	{name: "a user is kept as it is", run: userIsKept},
	{name: "an unknown user is not found", run: unknownUser},
	{name: "an e-mail address is one user's, ignoring case", run: emailIsUnique},
	{name: "an external id is one user's, byte for byte", run: externalIDIsUnique},
	{name: "an external id is no other user's id", run: externalIDIsNoID},
	{name: "an update keeps what is unique", run: updateConflicts},
	{name: "an update frees what the user no longer has", run: updateFrees},
	{name: "a deleted user is gone and frees what it had", run: deletionFrees},
	{name: "what was rolled back takes nothing", run: rollbackFrees},
	{name: "of concurrent users with one e-mail address one gets it", run: concurrentEmails},
	{name: "a user's update and deletion come one after the other", run: updateAgainstDeletion},
}

func userIsKept(t *testing.T, h StoreHarness) {
	s := h.New(t)
	full := addUser(t, s, func(d *user.Draft) {
		d.Email, d.ExternalID = "Ada.L+x@Example.COM", new("crm:42")
		d.Attributes = build.Object(t, `{"z":1,"a":[true,null],"n":1.50}`)
	})
	bare := addUser(t, s)
	for _, freshness := range []ports.Freshness{ports.Current, ports.Recent} {
		for _, u := range []user.User{full, bare} {
			got, err := s.User(testContext(t), u.ID(), freshness)
			require.NoError(t, err)
			require.Equal(t, u, got)
		}
	}
	changed := replace(t, s, full.ID(), func(d *user.Draft) {
		*d = user.Draft{Email: "x@example.com", FirstName: "A", LastName: "B"}
	})
	require.EqualValues(t, 2, changed.Version())
	got, err := s.User(testContext(t), full.ID(), ports.Current)
	require.NoError(t, err)
	require.Equal(t, changed, got)
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		locked, err := tx.LockUser(ctx, full.ID())
		assert.Equal(t, changed, locked)
		return err
	})
}

func unknownUser(t *testing.T, h StoreHarness) {
	s := h.New(t)
	addUser(t, s)
	for _, uid := range []id.ID{build.ID(), id.Nil} {
		requireNoUser(t, s, uid)
		err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			_, err := tx.LockUser(ctx, uid)
			return err
		})
		assertKind(t, fault.NotFound, err)
	}
}

func withEmail(email string) func(*user.Draft) { return func(d *user.Draft) { d.Email = email } }

func withExternalID(externalID string) func(*user.Draft) {
	return func(d *user.Draft) { d.ExternalID = &externalID }
}

func emailIsUnique(t *testing.T, h StoreHarness) {
	s := h.New(t)
	addUser(t, s, withEmail("Ada_1@example.com"))
	for _, taken := range []string{"Ada_1@example.com", "ada_1@example.com", "ADA_1@EXAMPLE.COM"} {
		requireConflict(t, insertError(t, s, build.User(t, withEmail(taken))), "/email")
	}
	for _, free := range []string{"adax1@example.com", "ada_1@example.co", "ada%@example.com"} {
		addUser(t, s, withEmail(free))
	}
}

func externalIDIsUnique(t *testing.T, h StoreHarness) {
	s := h.New(t)
	addUser(t, s, withExternalID("Crm_1"))
	requireConflict(t, insertError(t, s, build.User(t, withExternalID("Crm_1"))), "/external_id")
	for _, free := range []string{"crm_1", "Crm_", "Crmx1", "Crm%", strings.Repeat("x", 128)} {
		addUser(t, s, withExternalID(free))
	}
	addUser(t, s)
	addUser(t, s)
}

func externalIDIsNoID(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u, other := addUser(t, s), addUser(t, s)
	for _, taken := range []string{u.ID().String(), strings.ToUpper(u.ID().String())} {
		requireConflict(t, insertError(t, s, build.User(t, withExternalID(taken))), "/external_id")
		err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			_, err := replaceIn(ctx, tx, other.ID(), withExternalID(taken))
			return err
		})
		requireConflict(t, err, "/external_id")
	}
	replace(t, s, u.ID(), withExternalID(u.ID().String()))
	addUser(t, s, withExternalID(build.ID().String()))
}

func updateConflicts(t *testing.T, h StoreHarness) {
	s := h.New(t)
	a := addUser(t, s, withEmail("a@example.com"), withExternalID("a"))
	b := addUser(t, s, withEmail("b@example.com"), withExternalID("b"))
	change := func(option func(*user.Draft)) error {
		return s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
			_, err := replaceIn(ctx, tx, b.ID(), option)
			return err
		})
	}
	requireConflict(t, change(withEmail("A@example.com")), "/email")
	requireConflict(t, change(withExternalID("a")), "/external_id")
	got, err := s.User(testContext(t), b.ID(), ports.Current)
	require.NoError(t, err)
	require.Equal(t, b, got)
	require.NoError(t, change(withEmail("B@Example.com")), "its own address in another case")
	_, err = s.User(testContext(t), a.ID(), ports.Current)
	require.NoError(t, err)
}

func updateFrees(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s, withEmail("a@example.com"), withExternalID("a"))
	replace(t, s, u.ID(), withEmail("b@example.com"), func(d *user.Draft) { d.ExternalID = nil })
	addUser(t, s, withEmail("A@example.com"), withExternalID("a"))
	requireConflict(t, insertError(t, s, build.User(t, withEmail("b@example.com"))), "/email")
}

func deletionFrees(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s, withEmail("a@example.com"), withExternalID("a"))
	for range 2 {
		remove(t, s, u.ID())
		requireNoUser(t, s, u.ID())
		err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error { return removeIn(ctx, tx, u.ID()) })
		assertKind(t, fault.NotFound, err)
		for _, q := range []ports.UserQuery{{}, {Email: "a@example.com"}, {ExternalID: "a"}} {
			q.Limit = 10
			users, err := s.ListUsers(testContext(t), q)
			require.NoError(t, err)
			require.Empty(t, users)
		}
		u = addUser(t, s, withEmail("A@example.com"), withExternalID("a"))
	}
}

func rollbackFrees(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := build.User(t, withEmail("a@example.com"), withExternalID("a"))
	err := s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		if err := tx.InsertUser(ctx, u); err != nil {
			return err
		}
		return errMine
	})
	require.ErrorIs(t, err, errMine)
	kept := addUser(t, s, withEmail("a@example.com"), withExternalID("a"))
	err = s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		if err := removeIn(ctx, tx, kept.ID()); err != nil {
			return err
		}
		return errMine
	})
	require.ErrorIs(t, err, errMine)
	requireConflict(t, insertError(t, s, build.User(t, withEmail("A@example.com"))), "/email")
	requireConflict(t, insertError(t, s, build.User(t, withExternalID("a"))), "/external_id")
}

func concurrentEmails(t *testing.T, h StoreHarness) {
	const contenders = 16
	s := h.New(t)
	users := make([]user.User, contenders)
	for i := range users {
		email := "ada@example.com"
		if i%2 == 1 {
			email = "ADA@example.com"
		}
		users[i] = build.User(t, withEmail(email), withExternalID(fmt.Sprint("x", i)))
	}
	errs := make([]error, contenders)
	ctx := testContext(t)
	parallel(contenders, func(i int) {
		errs[i] = s.Do(ctx, func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, users[i]) })
	})
	winners := 0
	for _, err := range errs {
		if err == nil {
			winners++
			continue
		}
		requireConflict(t, err, "/email")
	}
	require.Equal(t, 1, winners)
	listed, err := s.ListUsers(ctx, ports.UserQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, listed, 1)
}

func updateAgainstDeletion(t *testing.T, h StoreHarness) {
	const rounds, updaters = 8, 4
	s := h.New(t)
	ctx := testContext(t)
	for range rounds {
		u := addUser(t, s)
		var updates, versionAtEnd atomic.Int64
		parallel(updaters+1, func(i int) {
			err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
				if i > 0 {
					_, err := replaceIn(ctx, tx, u.ID(), func(d *user.Draft) { d.LastName = fmt.Sprint("Version ", i) })
					return err
				}
				last, err := tx.LockUser(ctx, u.ID())
				if err != nil {
					return err
				}
				versionAtEnd.Store(last.Version())
				return tx.DeleteUser(ctx, last.Deleted(build.ID().Time()))
			})
			if i > 0 && err == nil {
				updates.Add(1)
			} else if i > 0 {
				assert.Equal(t, fault.NotFound, fault.KindOf(err), "%v", err)
			} else {
				assertOK(t, err)
			}
		})
		requireNoUser(t, s, u.ID())
		require.Equal(t, 1+updates.Load(), versionAtEnd.Load(), "an update came after the deletion")
	}
}
