// Package id has Headrace's identifiers: UUIDs of version 7 (RFC 9562), made by the server. An id carries the
// instant it was made at, to the microsecond, so that ranges of ids are ranges of time.
package id

import (
	"encoding/hex"
	"errors"
	"time"
)

// ID is a UUID. IDs compare as bytes in the order of their instants.
type ID [16]byte

// Nil is the zero UUID, which no resource has.
var Nil ID

// ErrSyntax is returned by Parse for text that is no UUID.
var ErrSyntax = errors.New("id: not a UUID in the 8-4-4-4-12 form")

// Earliest and Latest bound the instants an ID can carry: 48 bits of milliseconds since 1970.
var (
	Earliest = time.UnixMilli(0).UTC()
	Latest   = time.UnixMilli(1<<48 - 1).UTC()
)

// New returns an id of version 7 for an instant (cut to the microsecond) and 8 random bytes, of which 62 bits are used.
//
// The 48-bit timestamp holds milliseconds. The 12 bits after the version hold the microseconds within the
// millisecond as a binary fraction (RFC 9562, section 6.2, method 3): 4,096 values tell 1,000 microseconds apart.
func New(at time.Time, random [8]byte) ID {
	u := floor(at)
	copy(u[8:], random[:])
	u[6] |= 0x70
	u[8] = u[8]&0x3f | 0x80
	return u
}

// First returns the smallest id that New could give for an instant: the lower bound of a range of time.
func First(at time.Time) ID {
	u := floor(at)
	u[6] |= 0x70
	u[8] = 0x80
	return u
}

// floor returns the timestamp bits of an instant, and zeros elsewhere.
func floor(at time.Time) ID {
	if at.Before(Earliest) {
		at = Earliest
	} else if at.After(Latest) {
		at = Latest
	}
	micros := at.UnixMicro()
	ms := micros / 1000
	fraction := (micros%1000*4096 + 999) / 1000 // rounded up, so that Time can round down
	return ID{byte(ms >> 40), byte(ms >> 32), byte(ms >> 24), byte(ms >> 16), byte(ms >> 8), byte(ms),
		byte(fraction >> 8), byte(fraction)}
}

// Time returns the instant an id of version 7 was made at, in UTC, to the microsecond.
func (u ID) Time() time.Time {
	ms := int64(u[0])<<40 | int64(u[1])<<32 | int64(u[2])<<24 | int64(u[3])<<16 | int64(u[4])<<8 | int64(u[5])
	fraction := int64(u[6]&0x0f)<<8 | int64(u[7])
	return time.UnixMicro(ms*1000 + fraction*1000/4096).UTC()
}

// Parse reads a UUID of any version in its hyphenated form, in either case; nothing else is taken.
func Parse(s string) (ID, error) {
	var u ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return Nil, ErrSyntax
	}
	var digits [32]byte
	n := copy(digits[:], s[:8])
	n += copy(digits[n:], s[9:13])
	n += copy(digits[n:], s[14:18])
	n += copy(digits[n:], s[19:23])
	copy(digits[n:], s[24:])
	if _, err := hex.Decode(u[:], digits[:]); err != nil {
		return Nil, ErrSyntax
	}
	return u, nil
}

// String returns the hyphenated form in lower case.
func (u ID) String() string {
	var s [36]byte
	hex.Encode(s[:8], u[:4])
	hex.Encode(s[9:13], u[4:6])
	hex.Encode(s[14:18], u[6:8])
	hex.Encode(s[19:23], u[8:10])
	hex.Encode(s[24:], u[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
