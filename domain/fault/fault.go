// Package fault has the kinds of error that Headrace's core knows. An adapter turns its driver's errors into
// faults, in one place; the HTTP driver turns faults into problem details, in one table. A fault's detail and
// violations are written for the caller: they never repeat a value the caller sent and name nothing internal.
// What is internal is wrapped as the cause, for the log alone.
package fault

import (
	"errors"
	"strings"
)

// Kind says what went wrong in terms a caller can act on.
type Kind uint8

const (
	// Internal is a defect or an unforeseen condition on our side. It is the kind of every error that isn't a fault.
	Internal Kind = iota
	// Malformed input can't be read at all (a cursor that was tampered with, a precondition that is no entity tag).
	Malformed
	// Invalid input can be read, but breaks a rule; the violations say which.
	Invalid
	// NotFound means that nothing has the id that was asked for, or that it was deleted.
	NotFound
	// Conflict means that a value which must be unique is taken.
	Conflict
	// PreconditionFailed means that the caller's If-Match isn't about the current version.
	PreconditionFailed
	// Unavailable means that a dependency the request needs doesn't answer; the same request may succeed later.
	Unavailable
	// Fenced means that the caller lost the lease, epoch or generation it acted under: it must stop, not retry.
	Fenced
)

// String returns the kind's name in kebab case, as problem types use it.
func (k Kind) String() string {
	switch k {
	case Malformed:
		return "malformed"
	case Invalid:
		return "invalid"
	case NotFound:
		return "not-found"
	case Conflict:
		return "conflict"
	case PreconditionFailed:
		return "precondition-failed"
	case Unavailable:
		return "unavailable"
	case Fenced:
		return "fenced"
	case Internal:
		return "internal"
	}
	return "internal"
}

// Violation is one broken rule. Pointer is a JSON Pointer (RFC 6901) into the document the caller sent, such as
// "/email"; it may be empty for the whole. Detail says what the rule is.
type Violation struct {
	Pointer string
	Detail  string
}

// Error is a fault. Detail is one sentence for the caller.
type Error struct {
	Kind       Kind
	Detail     string
	Violations []Violation
	cause      error
}

// New returns a fault with a detail for the caller.
func New(kind Kind, detail string) *Error { return &Error{Kind: kind, Detail: detail} }

// Wrap returns a fault that keeps an internal cause, which errors.Is and errors.As find and callers never see.
func Wrap(kind Kind, detail string, cause error) *Error {
	return &Error{Kind: kind, Detail: detail, cause: cause}
}

// At returns a fault about one member of the document the caller sent.
func At(kind Kind, pointer, detail string) *Error {
	return &Error{Kind: kind, Detail: detail, Violations: []Violation{{Pointer: pointer, Detail: detail}}}
}

// Error returns the kind, the detail, the violations and the cause: for logs, not for callers.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, v := range e.Violations {
		if v.Detail != e.Detail || v.Pointer != "" {
			b.WriteString("; " + v.Pointer + " " + v.Detail)
		}
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns the internal cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// KindOf returns the kind of the first fault in err's chain, and Internal where there is none.
func KindOf(err error) Kind {
	var f *Error
	if errors.As(err, &f) {
		return f.Kind
	}
	return Internal
}

// Is tells whether err is a fault of this kind.
func Is(err error, kind Kind) bool {
	var f *Error
	return errors.As(err, &f) && f.Kind == kind
}

// Rules collects violations, so that a caller hears of all of them at once.
type Rules struct{ broken []Violation }

// Check notes a violation unless ok.
func (r *Rules) Check(ok bool, pointer, detail string) {
	if !ok {
		r.broken = append(r.broken, Violation{Pointer: pointer, Detail: detail})
	}
}

// Err returns an Invalid fault with every violation noted, or nil.
func (r *Rules) Err() error {
	if len(r.broken) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Detail: "The request breaks one or more rules; see errors.", Violations: r.broken}
}
