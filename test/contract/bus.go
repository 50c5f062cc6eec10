package contract

import (
	"testing"

	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/ports"
)

// Bus is one bus with nothing on it, under test.
type Bus struct {
	Publisher  ports.Publisher
	Subscriber ports.Subscriber
	Health     ports.BusHealth
	// Member is the subscriber of another process on the same bus.
	Member ports.Subscriber
	// Append gives entries the next places in the published order, so that they may be published.
	Append func(t *testing.T, entries []stream.Entry) []stream.Published
	// Own is for the harness.
	Own any
}

// BusHarness is what TestBus needs of an adapter. Beyond New, a member that is nil or false declares that the bus can't
// have the condition in question; the tests for it aren't registered then.
type BusHarness struct {
	// New returns a bus of its own and sees to its end by t.Cleanup. What it reads ahead of a worker should be little: 100
	// entries at most. Tests run in parallel.
	New func(t *testing.T) Bus
	// Partitioned: the bus has several partitions, so that a group's members share them.
	Partitioned bool
	// Inject puts a message that can't be read on a partition, after what was published there.
	Inject func(t *testing.T, b Bus, partition int32)
	// Lose removes the messages of a partition before an offset from the bus.
	Lose func(t *testing.T, b Bus, partition int32, before int64)
	// NewBreakable returns a bus of its own as New does, and what makes it unreachable, until mend is called.
	NewBreakable func(t *testing.T) (b Bus, cut func() (mend func()))
}

// busTest is one obligation. needs is nil when every bus can be held to it.
type busTest struct {
	name  string
	needs func(h BusHarness) bool
	run   func(t *testing.T, h BusHarness)
}

func needsPartitioned(h BusHarness) bool  { return h.Partitioned }
func needsInject(h BusHarness) bool       { return h.Inject != nil }
func needsLose(h BusHarness) bool         { return h.Lose != nil }
func needsNewBreakable(h BusHarness) bool { return h.NewBreakable != nil }

// TestBus holds a bus to everything that ports.Publisher, ports.Subscriber and ports.BusHealth promise.
func TestBus(t *testing.T, h BusHarness) {
	for _, role := range []struct {
		name  string
		tests []busTest
	}{
		{"Publish", busPublishTests},
		{"Deliver", busDeliverTests},
		{"Seek", busSeekTests},
		{"Fetch", busFetchTests},
		{"Membership", busMembershipTests},
		{"Context", busContextTests},
		{"Outage", busOutageTests},
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
