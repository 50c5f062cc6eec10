package contract

import (
	"testing"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// StoreHarness is what TestStore needs of an adapter. Beyond New, a member that is nil or false declares that the
// adapter can't have the condition in question; the tests for it aren't registered then.
type StoreHarness struct {
	// New returns a store with nothing in it, of the schema that this build needs. It sees to its end by t.Cleanup.
	// Tests run in parallel, each on a store of its own. A store with ConcurrentWriters must let at least 8
	// transactions be open at once: one more waits for one that a test keeps open until it is through.
	New func(t *testing.T) ports.Store
	// Second returns another store over the same data, as another process has it.
	Second func(t *testing.T, s ports.Store) ports.Store
	// ConcurrentWriters: a transaction that wrote can stay open, with nothing to do, while others commit: for as long as
	// a test needs it on a slow machine.
	ConcurrentWriters bool
	// BreakCommit makes the engine itself refuse the COMMIT of every transaction that inserted a user, for a reason
	// that another run would meet too, until mend is called.
	BreakCommit func(t *testing.T, s ports.Store) (mend func())
	// FailSerialization makes the next so many transactions that inserted or updated a user fail with the engine's own
	// error for transactions that can't be serialized, when they are committed or before.
	FailSerialization func(t *testing.T, s ports.Store, times int)
	// Failover makes the store look as after a failover or a restore from a backup: its Identity is another one.
	Failover func(t *testing.T, s ports.Store)
	// LoseEntry removes an entry from the log behind the store's back.
	LoseEntry func(t *testing.T, s ports.Store, eid id.ID)
}

// storeTest is one obligation. needs is nil when every store can be held to it.
type storeTest struct {
	name  string
	needs func(h StoreHarness) bool
	run   func(t *testing.T, h StoreHarness)
}

func needsConcurrentWriters(h StoreHarness) bool { return h.ConcurrentWriters }
func needsSecond(h StoreHarness) bool            { return h.Second != nil }
func needsBreakCommit(h StoreHarness) bool       { return h.BreakCommit != nil }
func needsFailSerialization(h StoreHarness) bool { return h.FailSerialization != nil }
func needsFailover(h StoreHarness) bool          { return h.Failover != nil }
func needsLoseEntry(h StoreHarness) bool         { return h.LoseEntry != nil }

// TestStore holds a store to everything that ports.Store and its roles promise.
func TestStore(t *testing.T, h StoreHarness) {
	for _, role := range []struct {
		name  string
		tests []storeTest
	}{
		{"UnitOfWork", unitOfWorkTests},
		{"Context", contextTests},
		{"Users", userTests},
		{"UserList", userListTests},
		{"Record", recordTests},
		{"Twins", twinTests},
		{"Resolve", resolveTests},
		{"EventList", eventListTests},
		{"Text", textTests},
		{"Leases", leaseTests},
		{"Batches", batchTests},
		{"Published", publishedTests},
		{"Order", orderTests},
		{"Takeover", takeoverTests},
		{"Groups", groupTests},
		{"Activity", activityTests},
		{"DeadLetters", deadLetterTests},
		{"Secrets", secretTests},
		{"Health", healthTests},
	} {
		t.Run(role.name, func(t *testing.T) {
			t.Parallel()
			for _, test := range role.tests {
				if test.needs == nil || test.needs(h) {
					t.Run(test.name, func(t *testing.T) {
						t.Parallel()
						test.run(t, h)
					})
				}
			}
		})
	}
}
