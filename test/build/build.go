// Package build makes the things that tests speak of: ids, clocks, users, events. Whatever a test doesn't say gets
// a value that passes every rule and that nothing else has.
package build

import (
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
	"github.com/headrace/headrace/domain/user"
)

// Clock is a ports.Clock that stands still until it is told to go on.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at an instant.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now implements ports.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock, back when d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Generator is a ports.IDs whose ids ascend by a microsecond each, whoever asks for them.
type Generator struct {
	from  time.Time
	given atomic.Int64
}

// IDs returns a generator that begins now.
func IDs() *Generator { return IDsFrom(time.Now()) }

// IDsFrom returns a generator that begins at an instant.
func IDsFrom(at time.Time) *Generator {
	return &Generator{from: at.UTC().Truncate(time.Microsecond)}
}

// New implements ports.IDs.
func (g *Generator) New() id.ID {
	return IDAt(g.from.Add(time.Duration(g.given.Add(1)) * time.Microsecond))
}

// IDAt returns an id of an instant.
func IDAt(at time.Time) id.ID {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return id.New(at, random)
}

var ids = IDs()

// ID returns an id that is greater than every one that ID, User, Event and Entry gave before.
func ID() id.ID { return ids.New() }

// User returns a user of version 1, whose draft the options change.
func User(t testing.TB, options ...func(*user.Draft)) user.User {
	t.Helper()
	return UserOf(t, ID(), options...)
}

// UserOf is User with an id of the caller's.
func UserOf(t testing.TB, uid id.ID, options ...func(*user.Draft)) user.User {
	t.Helper()
	u, err := user.New(uid, UserDraft(uid, options...))
	require.NoError(t, err)
	return u
}

// UserDraft returns a draft that passes every rule, with the e-mail address of its own that an id gives.
func UserDraft(uid id.ID, options ...func(*user.Draft)) user.Draft {
	d := user.Draft{Email: fmt.Sprintf("%s@example.com", uid), FirstName: "Ada", LastName: "Lovelace"}
	for _, option := range options {
		option(&d)
	}
	return d
}

// Draft returns what would have to be said for a user to be as it is; the options change it.
func Draft(u user.User, options ...func(*user.Draft)) user.Draft {
	s := u.State()
	d := user.Draft{Email: s.Email, FirstName: s.FirstName, LastName: s.LastName, Attributes: s.Attributes}
	if s.ExternalID != "" {
		d.ExternalID = &s.ExternalID
	}
	for _, option := range options {
		option(&d)
	}
	return d
}

// Event returns a user's event of type "thing.done", whose draft the options change.
func Event(t testing.TB, uid id.ID, options ...func(*event.Draft)) event.Event {
	t.Helper()
	return EventOf(t, ID(), uid, options...)
}

// EventOf is Event with an id of the caller's.
func EventOf(t testing.TB, eid, uid id.ID, options ...func(*event.Draft)) event.Event {
	t.Helper()
	d := event.Draft{Type: "thing.done"}
	for _, option := range options {
		option(&d)
	}
	e, err := event.New(eid, uid, d)
	require.NoError(t, err)
	return e
}

// Entry returns a log entry without a trace for an event as Event makes it.
func Entry(t testing.TB, uid id.ID, options ...func(*event.Draft)) stream.Entry {
	t.Helper()
	return stream.Entry{Event: Event(t, uid, options...)}
}

// Entries returns n entries as Entry makes them.
func Entries(t testing.TB, n int, uid id.ID, options ...func(*event.Draft)) []stream.Entry {
	t.Helper()
	entries := make([]stream.Entry, n)
	for i := range entries {
		entries[i] = Entry(t, uid, options...)
	}
	return entries
}

// Object returns the JSON object in a text.
func Object(t testing.TB, text string) document.Object {
	t.Helper()
	o, err := document.Parse([]byte(text), 1<<20)
	require.NoError(t, err)
	return o
}
