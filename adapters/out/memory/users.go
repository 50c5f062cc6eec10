package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

func noUser() error { return fault.New(fault.NotFound, "There is no such user.") }

// User implements ports.Users.
func (s *Store) User(ctx context.Context, uid id.ID, _ ports.Freshness) (u user.User, err error) {
	err = s.read(ctx, func(d *data) error {
		state, found := d.users[uid]
		if !found {
			return noUser()
		}
		u = user.Restore(state)
		return nil
	})
	return u, err
}

// ListUsers implements ports.Users.
func (s *Store) ListUsers(ctx context.Context, q ports.UserQuery) (users []user.User, err error) {
	err = s.read(ctx, func(d *data) error {
		var found []user.State
		for _, u := range d.users {
			if matchesUser(q, u) {
				found = append(found, u)
			}
		}
		slices.SortFunc(found, func(a, b user.State) int {
			if q.Ascending {
				return compare(a.ID, b.ID)
			}
			return compare(b.ID, a.ID)
		})
		for _, u := range found[:min(len(found), q.Limit)] {
			users = append(users, user.Restore(u))
		}
		return nil
	})
	return users, err
}

func matchesUser(q ports.UserQuery, u user.State) bool {
	if q.After != id.Nil {
		if order := compare(u.ID, q.After); order == 0 || order > 0 != q.Ascending {
			return false
		}
	}
	return (q.Email == "" || user.FoldEmail(q.Email) == user.FoldEmail(u.Email)) &&
		(q.ExternalID == "" || q.ExternalID == u.ExternalID)
}

func compare(a, b id.ID) int { return bytes.Compare(a[:], b[:]) }

// InsertUser implements ports.UserWriter.
func (t *transaction) InsertUser(ctx context.Context, u user.User) error {
	if err := t.usable(ctx); err != nil {
		return err
	}
	if t.users.has(u.ID()) {
		return t.fail(fmt.Errorf("memory: insert user: the id %s was given out before", u.ID()))
	}
	return t.keep(u.State())
}

// LockUser implements ports.UserWriter.
func (t *transaction) LockUser(ctx context.Context, uid id.ID) (user.User, error) {
	if err := t.usable(ctx); err != nil {
		return user.User{}, err
	}
	state, found := t.users.get(uid)
	if !found {
		return user.User{}, noUser()
	}
	t.locked[uid] = struct{}{}
	return user.Restore(state), nil
}

// UpdateUser implements ports.UserWriter.
func (t *transaction) UpdateUser(ctx context.Context, u user.User) error {
	if _, err := t.release(ctx, u); err != nil {
		return err
	}
	return t.keep(u.State())
}

// DeleteUser implements ports.UserWriter.
func (t *transaction) DeleteUser(ctx context.Context, u user.User) error {
	old, err := t.release(ctx, u)
	if err != nil {
		return err
	}
	t.users.remove(old.ID)
	if old.ExternalID != "" {
		t.departed.put(old.ExternalID, old.ID)
	}
	return nil
}

// release frees what a locked user holds that others can't have too.
func (t *transaction) release(ctx context.Context, u user.User) (user.State, error) {
	if err := t.usable(ctx); err != nil {
		return user.State{}, err
	}
	if _, held := t.locked[u.ID()]; !held {
		return user.State{}, t.fail(fmt.Errorf("memory: write user %s: it wasn't locked", u.ID()))
	}
	old, found := t.users.get(u.ID())
	if !found {
		return user.State{}, t.fail(noUser())
	}
	t.emails.remove(user.FoldEmail(old.Email))
	if old.ExternalID != "" {
		t.externals.remove(old.ExternalID)
	}
	return old, nil
}

// keep puts a user in, unless it would take what is another's.
func (t *transaction) keep(u user.State) error {
	email := user.FoldEmail(u.Email)
	if t.emails.has(email) {
		return t.fail(fault.At(fault.Conflict, "/email", "Another user has this e-mail address."))
	}
	if u.ExternalID != "" {
		named, err := id.Parse(u.ExternalID)
		if t.externals.has(u.ExternalID) || err == nil && named != u.ID && t.users.has(named) {
			return t.fail(fault.At(fault.Conflict, "/external_id", "Another user has this external id or id."))
		}
		t.externals.put(u.ExternalID, u.ID)
	}
	t.emails.put(email, u.ID)
	t.users.put(u.ID, u)
	return nil
}
