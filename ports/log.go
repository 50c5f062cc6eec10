package ports

import (
	"context"
	"time"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
)

// Events is the read side of the log, in the order of ids. That order is made before the commit: it is no change feed.
type Events interface {
	// Event returns the event, or a NotFound fault.
	Event(ctx context.Context, eid id.ID) (event.Event, error)
	// ListEvents returns at most q.Limit events that match, newest first.
	ListEvents(ctx context.Context, q EventQuery) ([]event.Event, error)
}

// EventQuery selects events. Zero members select nothing away; those given are combined.
type EventQuery struct {
	UserID id.ID
	Type   string
	Source string
	From   time.Time // recorded at or after
	To     time.Time // recorded before
	Before id.ID     // only events with a smaller id
	Limit  int       // ≥ 1
}

// LogWriter appends to the log within a transaction. An entry that was appended is published some time after the
// commit, and never when there is none. Entries appended by one transaction keep their order.
type LogWriter interface {
	// ResolveUsers returns the ids of the users with these external ids; an unknown one is left out. Where no user has
	// an external id now, it is the one deleted last that had it, so that an event sent again is still known.
	ResolveUsers(ctx context.Context, externalIDs []string) (map[string]id.ID, error)
	// Record appends callers' events, in order, and returns what became of each, in the same order. An event whose
	// user isn't there (never was, or its deletion is committed) is refused. One with an external id is kept once per
	// user, source and external id, whatever becomes of the user afterwards: again, within the same call too, it is a
	// duplicate. One event's outcome never affects another's.
	Record(ctx context.Context, entries []stream.Entry) ([]Recorded, error)
	// Append appends the service's own events.
	Append(ctx context.Context, entries []stream.Entry) error
}

// Outcome is what became of an event that a caller sent.
type Outcome uint8

const (
	// Accepted: it is in the log now.
	Accepted Outcome = iota
	// Duplicate: it was in the log before.
	Duplicate
	// UnknownUser: there is no such user, or not any more.
	UnknownUser
)

// Recorded is the outcome of one event. Event is the one in the log: the caller's own, or its earlier twin. It is
// the zero Event when the user is unknown.
type Recorded struct {
	Outcome Outcome
	Event   event.Event
}
