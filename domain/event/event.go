// Package event has the event log's aggregate: something a user did, or something that happened to the user.
package event

import (
	"maps"
	"strings"
	"time"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
)

const (
	// MaxData is the largest size of an event's data, in bytes of JSON without insignificant white space.
	MaxData = 64 << 10
	// DefaultSource is the source of an event whose caller names none.
	DefaultSource = "/api"
	// OwnSource is the source of the service's own events.
	OwnSource = "/headrace"
	// OwnPrefix begins the types of the service's own events, which no caller may send.
	OwnPrefix = "headrace."
)

// The service's own types: what became of a user.
const (
	UserCreated = "headrace.user.created"
	UserUpdated = "headrace.user.updated"
	UserDeleted = "headrace.user.deleted"
)

// Event is an entry of the log. It never changes.
type Event struct{ s State }

// State is an event's data, for adapters to keep and rebuild. Instants are UTC, to the microsecond; the instant of
// recording is the id's own.
type State struct {
	ID         id.ID
	UserID     id.ID
	Type       string
	Source     string
	ExternalID string // empty: none
	Data       document.Object
	Extensions map[string]string // nil: none; never changed once here
	OccurredAt time.Time
}

// Draft is what a caller says of an event. Nil means: not said.
type Draft struct {
	Type       string
	Source     *string
	ExternalID *string
	Data       document.Object
	Extensions map[string]string
	OccurredAt *time.Time
}

// New returns a caller's event about a user. It returns an Invalid fault with every broken rule.
func New(eid, userID id.ID, d Draft) (Event, error) {
	if err := d.Check(); err != nil {
		return Event{}, err
	}
	s := State{ID: eid, UserID: userID, Type: d.Type, Source: DefaultSource, Data: d.Data, OccurredAt: eid.Time()}
	if d.Source != nil {
		s.Source = *d.Source
	}
	if d.ExternalID != nil {
		s.ExternalID = *d.ExternalID
	}
	if len(d.Extensions) > 0 {
		s.Extensions = maps.Clone(d.Extensions)
	}
	if d.OccurredAt != nil {
		s.OccurredAt = d.OccurredAt.UTC().Truncate(time.Microsecond)
	}
	return Event{s}, nil
}

// Check returns an Invalid fault with every rule that the draft breaks, or nil.
func (d Draft) Check() error {
	var rules fault.Rules
	rules.Check(validType(d.Type), "/type", typeRule)
	rules.Check(!strings.HasPrefix(d.Type, OwnPrefix), "/type", "must not begin with "+OwnPrefix+": such types are the service's own")
	rules.Check(d.Source == nil || validSource(*d.Source), "/source", sourceRule)
	rules.Check(d.ExternalID == nil || validExternalID(*d.ExternalID), "/external_id", externalIDRule)
	rules.Check(len(d.Data.String()) <= MaxData, "/data", DataRule)
	checkExtensions(&rules, d.Extensions)
	rules.Check(d.OccurredAt == nil || validInstant(*d.OccurredAt), "/occurred_at", instantRule)
	return rules.Err()
}

// Own returns an event of the service's own about a user.
func Own(eid, userID id.ID, ownType string, data document.Object) Event {
	return Event{State{ID: eid, UserID: userID, Type: ownType, Source: OwnSource, Data: data, OccurredAt: eid.Time()}}
}

// Restore rebuilds an event that a store or a bus kept; nothing is checked again.
func Restore(s State) Event { return Event{s} }

// State returns the event's data. Its extensions must not be changed.
func (e Event) State() State { return e.s }

// ID returns the event's id.
func (e Event) ID() id.ID { return e.s.ID }

// UserID returns the id of the user the event is about.
func (e Event) UserID() id.ID { return e.s.UserID }

// Type returns the event's type.
func (e Event) Type() string { return e.s.Type }

// RecordedAt returns the instant the event was recorded at: its id's own.
func (e Event) RecordedAt() time.Time { return e.s.ID.Time() }

// IsOwn tells whether the event is the service's own rather than a caller's.
func (e Event) IsOwn() bool { return strings.HasPrefix(e.s.Type, OwnPrefix) }
