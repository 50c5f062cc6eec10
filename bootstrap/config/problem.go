package config

import (
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// Key is the key that it is about, or what was given instead of one.
	Key string
	// Detail says what is wrong and what is allowed. It has no secret's value.
	Detail string
}

// Error is a configuration that can't be used: everything that was found wrong with it.
type Error struct{ Problems []Problem }

// Refuse returns an error about one key.
func Refuse(key, detail string) *Error {
	return &Error{Problems: []Problem{{Key: key, Detail: detail}}}
}

// Error returns the problems, a line each.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Key + ": " + p.Detail
	}
	return strings.Join(lines, "\n")
}

// findings collects problems, in the order they were found.
type findings struct{ problems []Problem }

func (f *findings) add(key, detail string) {
	f.problems = append(f.problems, Problem{Key: key, Detail: detail})
}

// about tells whether a problem was found with one of these keys.
func (f *findings) about(keys ...string) bool {
	return slices.ContainsFunc(f.problems, func(p Problem) bool { return slices.Contains(keys, p.Key) })
}

func (f *findings) err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return &Error{Problems: f.problems}
}
