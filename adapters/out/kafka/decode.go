package kafka

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
)

// maxData bounds the data of a message that is read. The service's own events may be larger than a caller's.
const maxData = 1 << 20

// decode returns the entry that a message of a partition carries: exactly the one that encode was given. It returns
// an error, which names no value, for everything that encode wouldn't have written, with two exceptions, so that
// others can write along: headers that are no attributes, and attributes of ours that a later release adds, are
// passed over.
func decode(m message, partition int32) (stream.Published, error) {
	a, extensions, err := readHeaders(m.headers)
	if err != nil {
		return stream.Published{}, err
	}
	r := reader{}
	s := event.State{
		ID:         r.id(headerID, a.id),
		UserID:     r.id(headerSubject, a.subject),
		Type:       r.text(headerType, a.eventType),
		Source:     r.text(headerSource, a.source),
		ExternalID: r.optional(headerExternalID, a.externalID),
		Data:       r.object(m.value),
		Extensions: extensions,
		OccurredAt: r.instant(headerTime, a.time),
	}
	p := stream.Published{
		Entry:     stream.Entry{Event: event.Restore(s), Trace: r.optional(headerTrace, a.trace)},
		Epoch:     r.number(headerEpoch, a.epoch),
		Sequence:  r.number(headerSequence, a.sequence),
		Previous:  r.number(headerPrevious, a.previous),
		Partition: partition,
	}
	r.check(a.specVersion.text == specVersion, headerSpecVersion+" isn't "+specVersion)
	r.check(a.contentType.text == contentType, headerContentType+" isn't "+contentType)
	r.check(string(m.key) == a.subject.text, "the key isn't "+headerSubject)
	r.check(validPlace(p.Epoch, p.Sequence, p.Previous), "epoch, sequence and previous can't be")
	if r.err != nil {
		return stream.Published{}, r.err
	}
	return p, nil
}

// value is a header's text, and whether the header was there.
type value struct {
	text  string
	there bool
}

// attributes are the headers that have a meaning.
type attributes struct {
	specVersion, id, source, eventType, time, subject         value
	externalID, epoch, sequence, previous, contentType, trace value
}

func (a *attributes) named(name string) *value {
	switch name {
	case headerSpecVersion:
		return &a.specVersion
	case headerID:
		return &a.id
	case headerSource:
		return &a.source
	case headerType:
		return &a.eventType
	case headerTime:
		return &a.time
	case headerSubject:
		return &a.subject
	case headerExternalID:
		return &a.externalID
	case headerEpoch:
		return &a.epoch
	case headerSequence:
		return &a.sequence
	case headerPrevious:
		return &a.previous
	case headerContentType:
		return &a.contentType
	case headerTrace:
		return &a.trace
	}
	return nil
}

// readHeaders sorts headers into attributes and extensions (nil: none). Each may be there once, with a text.
func readHeaders(headers []header) (a attributes, extensions map[string]string, err error) {
	for _, h := range headers {
		known := a.named(h.name)
		name, isAttribute := strings.CutPrefix(h.name, attributePrefix)
		switch {
		case known == nil && (!isAttribute || strings.HasPrefix(h.name, ownPrefix)):
			continue
		case h.value == nil || !utf8.Valid(h.value):
			return a, nil, errors.New("a header's value is no UTF-8 text")
		case known != nil && known.there:
			return a, nil, fmt.Errorf("%s is there twice", h.name)
		case known != nil:
			*known = value{string(h.value), true}
		case !isExtension(name):
			return a, nil, errors.New("a header's name is no extension's")
		default:
			if _, twice := extensions[name]; twice {
				return a, nil, errors.New("an extension is there twice")
			}
			if extensions == nil {
				extensions = make(map[string]string)
			}
			extensions[name] = string(h.value)
		}
	}
	return a, extensions, nil
}

// isExtension tells whether a name can be an extension's: lower-case letters and digits, and none that CloudEvents
// gives another place in this mode.
func isExtension(name string) bool {
	if name == "" || name == "data" || name == "datacontenttype" {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// reader turns texts into values and keeps the first error.
type reader struct{ err error }

func (r *reader) check(ok bool, broken string) {
	if !ok && r.err == nil {
		r.err = errors.New(broken)
	}
}

func (r *reader) text(name string, v value) string {
	r.check(v.text != "", name+" is missing or empty")
	return v.text
}

func (r *reader) optional(name string, v value) string {
	r.check(!v.there || v.text != "", name+" is empty")
	return v.text
}

func (r *reader) id(name string, v value) id.ID {
	parsed, err := id.Parse(v.text)
	r.check(err == nil && parsed != id.Nil && parsed.String() == v.text, name+" is no id")
	return parsed
}

func (r *reader) number(name string, v value) int64 {
	n, err := strconv.ParseInt(v.text, 10, 64)
	r.check(err == nil && strconv.FormatInt(n, 10) == v.text, name+" is no number")
	return n
}

func (r *reader) instant(name string, v value) time.Time {
	t, err := time.Parse(timeLayout, v.text)
	r.check(err == nil && t.Format(timeLayout) == v.text, name+" is no time")
	return t
}

func (r *reader) object(raw []byte) document.Object {
	o, err := document.Parse(raw, maxData)
	r.check(err == nil && utf8.Valid(raw), "the value is no JSON object")
	return document.Stored(o.String())
}
