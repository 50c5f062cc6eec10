package cached_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/cached"
	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

var errDown = errors.New("down")

const (
	valueTTL     = 10 * time.Minute
	tombstoneTTL = time.Minute
	fillLimit    = tombstoneTTL / 2
	// patience is how long a test waits before what hangs counts as broken.
	patience = time.Minute
)

// rig is a store and a cache that do as a test says, and a process that has one over the other.
type rig struct {
	*cached.Store
	inner *spyStore
	cache *spyCache
	clock *build.Clock
	log   *lines
}

func newRig(t *testing.T, options ...memory.StoreOption) *rig {
	t.Helper()
	clock := build.NewClock(time.Now())
	cache, err := memory.NewCache(memory.CacheConfig{MaxBytes: 64 << 20, ValueTTL: valueTTL, TombstoneTTL: tombstoneTTL, Clock: clock})
	require.NoError(t, err)
	t.Cleanup(cache.Close)
	r := &rig{inner: &spyStore{Store: memory.NewStore(options...)}, cache: &spyCache{Cache: cache}, clock: clock, log: &lines{}}
	r.Store = r.process(t)
	return r
}

// process is another process on the same store and cache.
func (r *rig) process(t *testing.T) *cached.Store {
	t.Helper()
	s, err := cached.New(r.inner, r.cache, cached.Config{
		ValueTTL: valueTTL, TombstoneTTL: tombstoneTTL, Timeout: patience, Clock: r.clock,
		Logger: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// spyStore counts the reads of users and has something happen at them.
type spyStore struct {
	ports.Store
	reads    atomic.Int32
	before   hook[func(ctx context.Context) error] // each read
	after    hook[func(ctx context.Context)]       // each read, its answer in hand
	identity hook[func() (string, error)]
	done     hook[func()] // each transaction
}

func (s *spyStore) User(ctx context.Context, uid id.ID, f ports.Freshness) (user.User, error) {
	s.reads.Add(1)
	if before := s.before.get(); before != nil {
		if err := before(ctx); err != nil {
			return user.User{}, err
		}
	}
	u, err := s.Store.User(ctx, uid, f)
	if after := s.after.get(); after != nil {
		after(ctx)
	}
	return u, err
}

func (s *spyStore) Identity(ctx context.Context) (string, error) {
	if identity := s.identity.get(); identity != nil {
		return identity()
	}
	return s.Store.Identity(ctx)
}

func (s *spyStore) Do(ctx context.Context, fn func(ctx context.Context, tx ports.Tx) error) error {
	err := s.Store.Do(ctx, fn)
	if done := s.done.get(); done != nil {
		done()
	}
	return err
}

// spyCache counts calls and has something happen at them.
type spyCache struct {
	ports.Cache
	gets, puts atomic.Int32
	get, put   hook[func(ctx context.Context) error]
}

func (c *spyCache) Get(ctx context.Context, key string) (ports.Cached, bool, error) {
	c.gets.Add(1)
	if get := c.get.get(); get != nil {
		if err := get(ctx); err != nil {
			return ports.Cached{}, false, err
		}
	}
	return c.Cache.Get(ctx, key)
}

func (c *spyCache) Put(ctx context.Context, key string, v ports.Cached) (bool, error) {
	c.puts.Add(1)
	if put := c.put.get(); put != nil {
		if err := put(ctx); err != nil {
			return false, err
		}
	}
	return c.Cache.Put(ctx, key, v)
}

// fail has every call fail from now on; mend ends that.
func (c *spyCache) fail() {
	down := func(context.Context) error { return errDown }
	c.get.set(down)
	c.put.set(down)
}

func (c *spyCache) mend() {
	c.get.set(nil)
	c.put.set(nil)
}

// hook is something that a test may change while others use it.
type hook[F any] struct {
	mu sync.Mutex
	fn F
}

func (h *hook[F]) set(fn F) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fn = fn
}

func (h *hook[F]) get() F {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fn
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), "\n")
}

// gate holds whoever comes until it is opened.
type gate struct{ arrived, open chan struct{} }

func newGate() gate { return gate{arrived: make(chan struct{}, 100), open: make(chan struct{})} }

func (g gate) pass(ctx context.Context) {
	g.arrived <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
	}
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func receive[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-testContext(t).Done():
		require.FailNow(t, "waited in vain")
	}
	return v
}

func await(t *testing.T, fn func() bool) {
	t.Helper()
	ctx := testContext(t)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !fn() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			require.FailNow(t, "waited in vain")
		}
	}
}

func insert(t *testing.T, s ports.UnitOfWork, users ...user.User) {
	t.Helper()
	require.NoError(t, s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		for _, u := range users {
			if err := tx.InsertUser(ctx, u); err != nil {
				return err
			}
		}
		return nil
	}))
}

func added(t *testing.T, s ports.UnitOfWork) user.User {
	t.Helper()
	u := build.User(t)
	insert(t, s, u)
	return u
}

// renamed changes a user, so that its version grows by one.
func renamed(u user.User) user.User {
	next, _, err := u.Replace(build.Draft(u, func(d *user.Draft) { d.FirstName += "a" }), u.State().UpdatedAt.Add(time.Second))
	if err != nil {
		panic(err)
	}
	return next
}

// rename changes a user through a store and returns what it is then, and the transaction's error.
func rename(ctx context.Context, s ports.UnitOfWork, uid id.ID) (next user.User, err error) {
	err = s.Do(ctx, func(ctx context.Context, tx ports.Tx) error {
		u, err := tx.LockUser(ctx, uid)
		if err != nil {
			return err
		}
		next = renamed(u)
		return tx.UpdateUser(ctx, next)
	})
	return next, err
}

func mustRename(t *testing.T, s ports.UnitOfWork, uid id.ID) user.User {
	t.Helper()
	next, err := rename(testContext(t), s, uid)
	require.NoError(t, err)
	return next
}

func remove(t *testing.T, s ports.UnitOfWork, uid id.ID) (last user.User) {
	t.Helper()
	require.NoError(t, s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error {
		u, err := tx.LockUser(ctx, uid)
		if err != nil {
			return err
		}
		last = u.Deleted(u.State().UpdatedAt.Add(time.Second))
		return tx.DeleteUser(ctx, last)
	}))
	return last
}

// answer is what a read in another goroutine gave.
type answer struct {
	user user.User
	err  error
}

// ask reads in another goroutine.
func ask(ctx context.Context, s ports.Users, uid id.ID) <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		u, err := s.User(ctx, uid, ports.Recent)
		answers <- answer{u, err}
	}()
	return answers
}

func requireShown(t *testing.T, s ports.Users, want user.User) {
	t.Helper()
	got, err := s.User(testContext(t), want.ID(), ports.Recent)
	require.NoError(t, err)
	require.Equal(t, want.State(), got.State())
}

func requireGone(t *testing.T, s ports.Users, uid id.ID) {
	t.Helper()
	_, err := s.User(testContext(t), uid, ports.Recent)
	require.Equal(t, fault.NotFound, fault.KindOf(err), "%v", err)
}

// requireReads requires that so many reads come to the store while something is done.
func (r *rig) requireReads(t *testing.T, reads int32, do func()) {
	t.Helper()
	before := r.inner.reads.Load()
	do()
	require.Equal(t, reads, r.inner.reads.Load()-before, "reads of the store")
}
