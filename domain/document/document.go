// Package document has the JSON objects that callers hand over to be kept as they are: a user's attributes, an
// event's data. Member order and the text of numbers are kept; only insignificant white space is lost.
package document

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Object is a JSON object without insignificant white space. The zero value is {}. Objects of the same text are equal
// by ==.
type Object struct{ text string }

var (
	// ErrNotObject is returned for text that is no JSON object.
	ErrNotObject = errors.New("document: not a JSON object")
	// ErrTooLarge is returned for an object that is larger than allowed without insignificant white space.
	ErrTooLarge = errors.New("document: too large")
)

// Parse returns the object in raw, at most limit bytes of it once compacted. That its strings, numbers, names and
// depth are such as every store can keep is the inbound driver's to check, which reads the whole request once.
func Parse(raw []byte, limit int) (Object, error) {
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return Object{}, ErrNotObject
	}
	var b bytes.Buffer
	b.Grow(len(raw))
	if err := json.Compact(&b, raw); err != nil {
		return Object{}, ErrNotObject
	}
	if b.Len() > limit {
		return Object{}, ErrTooLarge
	}
	return Stored(b.String()), nil
}

// Stored returns the object that a store kept as text; it isn't looked at again.
func Stored(text string) Object {
	if text == "{}" {
		return Object{}
	}
	return Object{text: text}
}

// String returns the object's text.
func (o Object) String() string {
	if o.text == "" {
		return "{}"
	}
	return o.text
}

// MarshalJSON returns the object's text as it is.
func (o Object) MarshalJSON() ([]byte, error) { return []byte(o.String()), nil }
