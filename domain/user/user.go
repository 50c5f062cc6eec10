// Package user has the user directory's aggregate: who a user is, and the rules for it.
package user

import (
	"slices"
	"time"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
)

// MaxAttributes is the largest size of a user's attributes, in bytes of JSON without insignificant white space.
const MaxAttributes = 16 << 10

// User is a person or thing whose doings are recorded. It is a value: a change gives another one.
type User struct{ s State }

// State is a user's data, for adapters to keep and rebuild. Instants are UTC, to the microsecond.
type State struct {
	ID         id.ID
	ExternalID string // empty: none
	Email      string
	FirstName  string
	LastName   string
	Attributes document.Object
	Version    int64 // 1 at creation, one more per change
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Draft is what a caller says of a user. A nil ExternalID means none.
type Draft struct {
	Email      string
	FirstName  string
	LastName   string
	ExternalID *string
	Attributes document.Object
}

// New returns a user of version 1, created at its id's instant. It returns an Invalid fault with every broken rule.
func New(uid id.ID, d Draft) (User, error) {
	s := State{ID: uid, Version: 1, CreatedAt: uid.Time(), UpdatedAt: uid.Time()}
	if err := s.take(d); err != nil {
		return User{}, err
	}
	return User{s}, nil
}

// Restore rebuilds a user that a store kept; nothing is checked again.
func Restore(s State) User { return User{s} }

// Replace returns the user with everything the caller can say of it replaced, one version on, and true. When
// nothing differs it returns the user as it is, and false. It returns an Invalid fault with every broken rule.
func (u User) Replace(d Draft, at time.Time) (User, bool, error) {
	s := u.s
	if err := s.take(d); err != nil {
		return User{}, false, err
	}
	if s == u.s {
		return u, false, nil
	}
	return User{s.changed(at)}, true, nil
}

// Deleted returns the last version of the user: one on, with nothing said of it any more but its id.
func (u User) Deleted(at time.Time) User {
	s := State{ID: u.s.ID, Version: u.s.Version, CreatedAt: u.s.CreatedAt, UpdatedAt: u.s.UpdatedAt}
	return User{s.changed(at)}
}

// State returns the user's data.
func (u User) State() State { return u.s }

// ID returns the user's id.
func (u User) ID() id.ID { return u.s.ID }

// Version returns the user's version: 1 at creation, one more per change.
func (u User) Version() int64 { return u.s.Version }

// changed is one version on. A clock that went back doesn't take updated_at with it.
func (s State) changed(at time.Time) State {
	s.Version++
	if at = at.UTC().Truncate(time.Microsecond); at.After(s.UpdatedAt) {
		s.UpdatedAt = at
	}
	return s
}

// take checks a draft and takes it over.
func (s *State) take(d Draft) error {
	var rules fault.Rules
	s.Email = d.Email
	rules.Check(validEmail(d.Email), "/email", emailRule)
	s.FirstName = cleanName(d.FirstName)
	rules.Check(validName(s.FirstName), "/first_name", nameRule)
	s.LastName = cleanName(d.LastName)
	rules.Check(validName(s.LastName), "/last_name", nameRule)
	s.ExternalID = ""
	if d.ExternalID != nil {
		s.ExternalID = *d.ExternalID
		rules.Check(ValidExternalID(s.ExternalID), "/external_id", externalIDRule)
	}
	s.Attributes = d.Attributes
	rules.Check(len(d.Attributes.String()) <= MaxAttributes, "/attributes", AttributesRule)
	return rules.Err()
}

// Expected is what a conditional change expects of the user (RFC 9110, If-Match and If-None-Match). The zero value
// expects nothing.
type Expected struct {
	Stated   bool    // a version was stated
	Any      bool    // any version will do
	Versions []int64 // one of these

	Not    []int64 // none of these
	NotAny bool    // no version will do: the change is for a user that isn't there
}

// Check returns a PreconditionFailed fault when the user isn't what was expected.
func (e Expected) Check(u User) error {
	if e.Stated && !e.Any && !slices.Contains(e.Versions, u.s.Version) {
		return fault.New(fault.PreconditionFailed, "The user's version is none of those that If-Match names, or they are weak, which never match: read the user again.")
	}
	if e.NotAny || slices.Contains(e.Not, u.s.Version) {
		return fault.New(fault.PreconditionFailed, "The user has a version that If-None-Match rules out.")
	}
	return nil
}
