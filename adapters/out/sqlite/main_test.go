package sqlite_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/adapters/out/sqlite"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/build"
)

// childVariable names what a process started by a test is to do, in place of running tests.
const childVariable = "HEADRACE_SQLITE_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childVariable) {
	case "":
		goleak.VerifyTestMain(m)
	case "write":
		childWrites(os.Getenv("DIR"))
	case "unprivileged":
		childOpensUnprivileged(os.Getenv("DIR"))
	}
}

// patience is how long a test waits before what hangs counts as broken.
const patience = time.Minute

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// open opens a store that the test closes.
func open(t *testing.T, dir string, options ...func(*sqlite.Config)) *sqlite.Store {
	t.Helper()
	cfg := sqlite.Config{Path: dir}
	for _, option := range options {
		option(&cfg)
	}
	s, err := sqlite.Open(testContext(t), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func addUser(t *testing.T, s *sqlite.Store, options ...func(*user.Draft)) user.User {
	t.Helper()
	u := build.User(t, options...)
	require.NoError(t, s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error { return tx.InsertUser(ctx, u) }))
	return u
}

// appendEntries appends n entries about a user, in one transaction.
func appendEntries(t *testing.T, s *sqlite.Store, uid id.ID, n int) []stream.Entry {
	t.Helper()
	entries := make([]stream.Entry, n)
	for i := range entries {
		entries[i] = build.Entry(t, uid)
	}
	require.NoError(t, s.Do(testContext(t), func(ctx context.Context, tx ports.Tx) error { return tx.Append(ctx, entries) }))
	return entries
}

func lead(t *testing.T, s *sqlite.Store, holder string) ports.Lease {
	t.Helper()
	l, ok, err := s.AcquireLease(testContext(t), ports.RelayLease, holder, time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	return l
}

// publish takes batches and marks them done until there are no more, and returns their entries.
func publish(t *testing.T, s *sqlite.Store, l ports.Lease) []stream.Published {
	t.Helper()
	var all []stream.Published
	for {
		b, err := s.NextBatch(testContext(t), l, 4, ports.BatchLimits{Entries: 7, Bytes: 1 << 20})
		require.NoError(t, err)
		if b == nil {
			return all
		}
		require.NoError(t, s.BatchDone(testContext(t), l, b.Number))
		all = append(all, b.Entries...)
	}
}

func read[T any](t *testing.T, query func(ctx context.Context, query string, into any) error, what string) (value T) {
	t.Helper()
	require.NoError(t, query(testContext(t), what, &value))
	return value
}
