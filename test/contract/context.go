package contract

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var contextTests = []storeTest{
	{name: "a context that is done before a transaction", run: doneBeforeDo},
	{name: "a context that is done within a transaction", run: doneWithinDo},
	{name: "a context that is done before the commit", run: doneBeforeCommit},
	{name: "a context that is done while waiting for another writer", run: doneWhileWaiting},
	{name: "a context that is done, with every method outside of a transaction", run: doneOutside},
	{name: "a context that is done, with every method of a transaction", run: doneInside},
}

func doneBeforeDo(t *testing.T, h StoreHarness) {
	s := h.New(t)
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(testContext(t))
	cancel(cause)
	called := false
	err := s.Do(ctx, func(context.Context, ports.Tx) error { called = true; return nil })
	assertDone(t, ctx, err)
	require.False(t, called)
}

func doneWithinDo(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		if err := tx.InsertUser(ctx, build.User(t)); err != nil {
			return err
		}
		cancel()
		return e.write(ctx, tx)
	})
	assertDone(t, ctx, err)
	e.requireThere(t, s, false)
}

func doneBeforeCommit(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	err := s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		defer cancel()
		return e.write(ctx, tx)
	})
	assertDone(t, ctx, err)
	e.requireThere(t, s, false)
	do(t, s, e.write)
	e.requireThere(t, s, true)
}

// doneWhileWaiting has one transaction hold a user until another one that wants it too has given up.
func doneWhileWaiting(t *testing.T, h StoreHarness) {
	s := h.New(t)
	u := addUser(t, s)
	ctx := testContext(t)
	holding, letGo := make(chan struct{}), make(chan struct{})
	held := make(chan error, 1)
	go func() {
		held <- s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
			if _, err := tx.LockUser(ctx, u.ID()); err != nil {
				return err
			}
			close(holding)
			<-letGo
			return nil
		})
	}()
	func() {
		defer close(letGo)
		select {
		case <-holding:
		case err := <-held:
			require.FailNow(t, "the transaction ended too early", "%v", err)
		}
		brief, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		err := s.Do(brief, func(ctx context.Context, tx ports.Tx) error {
			_, err := replaceIn(ctx, tx, u.ID(), func(d *user.Draft) { d.FirstName = "Grace" })
			return err
		})
		assertDone(t, brief, err)
	}()
	require.NoError(t, <-held)
	now, err := s.User(ctx, u.ID(), ports.Current)
	require.NoError(t, err)
	require.Equal(t, u, now)
}

func doneOutside(t *testing.T, h StoreHarness) {
	s := h.New(t)
	l := lead(t, s, "a")
	u := addUser(t, s)
	e := build.Entry(t, u.ID())
	accepted(t, s, e)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	for name, call := range map[string]func() error{
		"User":      func() error { _, err := s.User(ctx, u.ID(), ports.Current); return err },
		"ListUsers": func() error { _, err := s.ListUsers(ctx, ports.UserQuery{Limit: 1}); return err },
		"Event":     func() error { _, err := s.Event(ctx, e.Event.ID()); return err },
		"ListEvents": func() error {
			_, err := s.ListEvents(ctx, ports.EventQuery{Limit: 1})
			return err
		},
		"Activity": func() error { _, err := s.Activity(ctx, u.ID()); return err },
		"AcquireLease": func() error {
			_, _, err := s.AcquireLease(ctx, "other", "a", time.Hour)
			return err
		},
		"RenewLease":     func() error { return s.RenewLease(ctx, l, time.Hour) },
		"ReleaseLease":   func() error { return s.ReleaseLease(ctx, l) },
		"NextBatch":      func() error { _, err := s.NextBatch(ctx, l, partitions, roomy); return err },
		"BatchDone":      func() error { return s.BatchDone(ctx, l, 1) },
		"ReadPublished":  func() error { _, err := s.ReadPublished(ctx, ports.PublishedQuery{Limit: 1}); return err },
		"Head":           func() error { _, err := s.Head(ctx); return err },
		"Pending":        func() error { _, err := s.Pending(ctx, 1); return err },
		"ClaimPartition": func() error { _, err := s.ClaimPartition(ctx, "g", 0); return err },
		"Memories":       func() error { _, err := s.Memories(ctx, "g"); return err },
		"ListDeadLetters": func() error {
			_, err := s.ListDeadLetters(ctx, "g", id.Nil, 1)
			return err
		},
		"Secret":   func() error { _, err := s.Secret(ctx, "name", []byte("fresh")); return err },
		"Ping":     func() error { return s.Ping(ctx) },
		"Ready":    func() error { return s.Ready(ctx) },
		"Identity": func() error { _, err := s.Identity(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) { assertDone(t, ctx, call()) })
	}
	require.NoError(t, s.RenewLease(testContext(t), l, time.Hour), "the lease was given up after all")
	memories, err := s.Memories(testContext(t), "g")
	require.NoError(t, err)
	require.Empty(t, memories)
	require.Len(t, publish(t, s, l, roomy), 1)
}

func doneInside(t *testing.T, h StoreHarness) {
	s := h.New(t)
	e := newEverything(t, s)
	u := addUser(t, s)
	done, cancel := context.WithCancel(testContext(t))
	cancel()
	entry := build.Entry(t, u.ID())
	for name, call := range map[string]func(tx ports.Tx) error{
		"InsertUser":   func(tx ports.Tx) error { return tx.InsertUser(done, e.u) },
		"LockUser":     func(tx ports.Tx) error { _, err := tx.LockUser(done, u.ID()); return err },
		"UpdateUser":   func(tx ports.Tx) error { return tx.UpdateUser(done, u) },
		"DeleteUser":   func(tx ports.Tx) error { return tx.DeleteUser(done, u) },
		"ResolveUsers": func(tx ports.Tx) error { _, err := tx.ResolveUsers(done, []string{"x"}); return err },
		"Record":       func(tx ports.Tx) error { _, err := tx.Record(done, []stream.Entry{entry}); return err },
		"Append":       func(tx ports.Tx) error { return tx.Append(done, []stream.Entry{entry}) },
		"AddActivity": func(tx ports.Tx) error {
			return tx.AddActivity(done, map[id.ID]ports.Activity{u.ID(): activityOf(entry.Event)})
		},
		"ForgetActivity": func(tx ports.Tx) error { return tx.ForgetActivity(done, []id.ID{u.ID()}) },
		"Advance":        func(tx ports.Tx) error { return tx.Advance(done, everythingGroup, 0, e.from, e.memory) },
		"Bury":           func(tx ports.Tx) error { return tx.Bury(done, []ports.DeadLetter{e.letter}) },
	} {
		t.Run(name, func(t *testing.T) {
			var got error
			_ = s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
				if _, err := tx.LockUser(ctx, u.ID()); err != nil {
					return err
				}
				got = call(tx)
				return errMine
			})
			assertDone(t, done, got)
		})
	}
}
