package contract

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// errMine is an error of a transaction's own.
var errMine = errors.New("mine")

// patience is how long a test waits before what hangs counts as broken.
const patience = 2 * time.Minute

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// do runs a transaction that must be committed.
func do(t *testing.T, s ports.Store, fn func(ctx context.Context, tx ports.Tx) error) {
	t.Helper()
	require.NoError(t, s.Do(testContext(t), fn))
}

// addUser inserts a user in a transaction of its own.
func addUser(t *testing.T, s ports.Store, options ...func(*user.Draft)) user.User {
	t.Helper()
	u := build.User(t, options...)
	insert(t, s, u)
	return u
}

func insert(t *testing.T, s ports.Store, users ...user.User) {
	t.Helper()
	do(t, s, func(ctx context.Context, tx ports.Tx) error {
		for _, u := range users {
			if err := tx.InsertUser(ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
}

// insertError returns what inserting a user fails with.
func insertError(t *testing.T, s ports.Store, u user.User) error {
	t.Helper()
	return s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) })
}

// replace changes a user as the options say, in a transaction of its own, and returns what it is then.
func replace(t *testing.T, s ports.Store, uid id.ID, options ...func(*user.Draft)) user.User {
	t.Helper()
	var next user.User
	do(t, s, func(ctx context.Context, tx ports.Tx) (err error) {
		next, err = replaceIn(ctx, tx, uid, options...)
		return err
	})
	return next
}

func replaceIn(ctx context.Context, tx ports.Tx, uid id.ID, options ...func(*user.Draft)) (user.User, error) {
	u, err := tx.LockUser(ctx, uid)
	if err != nil {
		return user.User{}, err
	}
	next, _, err := u.Replace(build.Draft(u, options...), build.ID().Time())
	if err != nil {
		return user.User{}, err
	}
	return next, tx.UpdateUser(ctx, next)
}

// remove deletes a user in a transaction of its own.
func remove(t *testing.T, s ports.Store, uid id.ID) {
	t.Helper()
	do(t, s, func(ctx context.Context, tx ports.Tx) error { return removeIn(ctx, tx, uid) })
}

func removeIn(ctx context.Context, tx ports.Tx, uid id.ID) error {
	u, err := tx.LockUser(ctx, uid)
	if err != nil {
		return err
	}
	return tx.DeleteUser(ctx, u.Deleted(build.ID().Time()))
}

// record records entries in one transaction.
func record(t *testing.T, s ports.Store, entries ...stream.Entry) []ports.Recorded {
	t.Helper()
	var recorded []ports.Recorded
	do(t, s, func(ctx context.Context, tx ports.Tx) (err error) {
		recorded, err = tx.Record(ctx, entries)
		return err
	})
	require.Len(t, recorded, len(entries))
	return recorded
}

// accepted records entries of which none may be refused.
func accepted(t *testing.T, s ports.Store, entries ...stream.Entry) {
	t.Helper()
	for _, r := range record(t, s, entries...) {
		require.Equal(t, ports.Accepted, r.Outcome)
	}
}

func requireNoUser(t *testing.T, s ports.Store, uid id.ID) {
	t.Helper()
	_, err := s.User(testContext(t), uid, ports.Current)
	require.Equal(t, fault.NotFound, fault.KindOf(err), "%v", err)
}

func requireNoEvent(t *testing.T, s ports.Store, eid id.ID) {
	t.Helper()
	_, err := s.Event(testContext(t), eid)
	require.Equal(t, fault.NotFound, fault.KindOf(err), "%v", err)
}

// requireConflict requires a Conflict fault that points to one member.
func requireConflict(t *testing.T, err error, pointer string) {
	t.Helper()
	require.Error(t, err)
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.Conflict, f.Kind, "%v", err)
	require.Len(t, f.Violations, 1)
	require.Equal(t, pointer, f.Violations[0].Pointer)
}

// assertOK is require.NoError for goroutines other than the test's, where require must not be used.
func assertOK(t *testing.T, err error) bool {
	t.Helper()
	return assert.NoError(t, err)
}

func assertKind(t *testing.T, kind fault.Kind, err error) {
	t.Helper()
	if assert.Error(t, err) {
		assert.Equal(t, kind, fault.KindOf(err), "%v", err)
	}
}

// assertDone asserts that an error is what a done context gives.
func assertDone(t *testing.T, ctx context.Context, err error) {
	t.Helper()
	if assert.Error(t, err) {
		assert.True(t, errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)), "%v", err)
	}
}

// parallel calls fn n times at once, with 0 to n-1, and returns when every call did. fn must not end its goroutine
// (use assert in it, not require).
func parallel(n int, fn func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { fn(i) })
	}
	group.Wait()
}

// await calls fn again and again until it tells that it is done.
func await(t *testing.T, what string, fn func(ctx context.Context) bool) {
	t.Helper()
	ctx := testContext(t)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !fn(ctx) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			require.FailNow(t, "waited in vain", what)
		}
	}
}

func lead(t *testing.T, s ports.Store, holder string) ports.Lease {
	t.Helper()
	l, ok, err := s.AcquireLease(testContext(t), ports.RelayLease, holder, time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	return l
}

// roomy are limits that no test's batch reaches unless it means to.
var roomy = ports.BatchLimits{Entries: 1000, Bytes: 16 << 20}

// partitions is how many partitions tests publish to.
const partitions = 4

// publish takes batches and marks them done until there are no more, and returns their entries.
func publish(t *testing.T, s ports.Store, l ports.Lease, limits ports.BatchLimits) []stream.Published {
	t.Helper()
	var all []stream.Published
	for {
		b, err := s.NextBatch(testContext(t), l, partitions, limits)
		require.NoError(t, err)
		if b == nil {
			return all
		}
		require.NoError(t, s.BatchDone(testContext(t), l, b.Number))
		all = append(all, b.Entries...)
	}
}

// readPublished reads the whole published order, or one partition's, at most limit entries at a time.
func readPublished(t *testing.T, s ports.Store, partition *int32, limit int) []stream.Published {
	t.Helper()
	var all []stream.Published
	after := int64(0)
	for {
		some, err := s.ReadPublished(testContext(t), ports.PublishedQuery{After: after, Partition: partition, Limit: limit})
		require.NoError(t, err)
		require.LessOrEqual(t, len(some), limit)
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
		require.Greater(t, some[len(some)-1].Sequence, after)
		after = some[len(some)-1].Sequence
	}
}

func eventIDs(published []stream.Published) []id.ID {
	ids := make([]id.ID, len(published))
	for i, p := range published {
		ids[i] = p.Event.ID()
	}
	return ids
}

func entryIDs(entries []stream.Entry) []id.ID {
	ids := make([]id.ID, len(entries))
	for i, e := range entries {
		ids[i] = e.Event.ID()
	}
	return ids
}

func idsOf(events []event.Event) []id.ID {
	ids := make([]id.ID, len(events))
	for i, e := range events {
		ids[i] = e.ID()
	}
	return ids
}

func userIDs(users []user.User) []id.ID {
	ids := make([]id.ID, len(users))
	for i, u := range users {
		ids[i] = u.ID()
	}
	return ids
}
