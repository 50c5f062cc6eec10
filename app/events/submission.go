package events

import (
	"errors"

	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

// Submission is an event that a caller sends. Exactly one of UserID and UserExternalID names the user.
type Submission struct {
	UserID         *string
	UserExternalID *string
	Draft          event.Draft
}

// check returns the user's id, when that is what the submission names, and an Invalid fault with every broken rule.
func (s Submission) check() (id.ID, error) {
	var rules fault.Rules
	var uid id.ID
	switch {
	case s.UserID != nil && s.UserExternalID != nil:
		rules.Check(false, "/user_external_id", "must be left out when user_id is given")
	case s.UserID != nil:
		var err error
		uid, err = id.Parse(*s.UserID)
		rules.Check(err == nil, "/user_id", "must be a UUID")
	case s.UserExternalID != nil:
		rules.Check(user.ValidExternalID(*s.UserExternalID), "/user_external_id", "must have 1 to 128 visible ASCII characters")
	default:
		rules.Check(false, "/user_id", "is required, unless user_external_id is given")
	}
	var broken *fault.Error
	if errors.As(s.Draft.Check(), &broken) {
		for _, v := range broken.Violations {
			rules.Check(false, v.Pointer, v.Detail)
		}
	}
	return uid, rules.Err()
}

// unknownUser is the fault of a submission whose user isn't there.
func (s Submission) unknownUser() error {
	pointer := "/user_id"
	if s.UserExternalID != nil {
		pointer = "/user_external_id"
	}
	return &fault.Error{Kind: fault.Invalid, Detail: "The event's user does not exist.",
		Violations: []fault.Violation{{Pointer: pointer, Detail: "must name a user that exists"}}}
}
