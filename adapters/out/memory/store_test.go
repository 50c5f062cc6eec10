package memory_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/adapters/out/memory"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
	"github.com/headrace/headrace/test/contract"
)

var errBroken = errors.New("broken")

// failing is a store with the commit failures that a test ordered.
type failing struct {
	*memory.Store
	mu    sync.Mutex
	next  error
	times int
}

func newFailing() *failing {
	f := &failing{}
	f.Store = memory.NewStore(memory.WithCommitFailure(func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.times == 0 {
			return nil
		}
		f.times--
		return f.next
	}))
	return f
}

func (f *failing) fail(err error, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next, f.times = err, times
}

func failingOf(t *testing.T, s ports.Store) *failing {
	t.Helper()
	f, ok := s.(*failing)
	require.True(t, ok)
	return f
}

func TestStore(t *testing.T) {
	t.Parallel()
	contract.TestStore(t, contract.StoreHarness{
		New:    func(*testing.T) ports.Store { return newFailing() },
		Second: func(_ *testing.T, s ports.Store) ports.Store { return s },
		BreakCommit: func(t *testing.T, s ports.Store) func() {
			f := failingOf(t, s)
			f.fail(errBroken, 1<<30)
			return func() { f.fail(nil, 0) }
		},
		FailSerialization: func(t *testing.T, s ports.Store, times int) { failingOf(t, s).fail(memory.ErrAgain, times) },
		Failover:          func(t *testing.T, s ports.Store) { failingOf(t, s).Failover() },
		LoseEntry:         func(t *testing.T, s ports.Store, eid id.ID) { failingOf(t, s).Lose(eid) },
	})
}
