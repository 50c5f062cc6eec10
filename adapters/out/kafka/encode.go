package kafka

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/stream"
)

// A message is a CloudEvent 1.0 in the binary mode of its Kafka protocol binding: each context attribute is a header
// whose name begins with ce_ and whose value is the attribute's text in UTF-8, as it is; the data is the value. The
// key is the user's id.
const (
	headerSpecVersion = "ce_specversion"
	headerID          = "ce_id"
	headerSource      = "ce_source"
	headerType        = "ce_type"
	headerTime        = "ce_time"
	headerSubject     = "ce_subject" // the user's id
	headerExternalID  = "ce_headraceexternalid"
	headerEpoch       = "ce_headraceepoch"
	headerSequence    = "ce_headracesequence"
	headerPrevious    = "ce_headraceprevious"
	headerContentType = "content-type"
	headerTrace       = "traceparent"

	attributePrefix = "ce_"
	ownPrefix       = "ce_headrace"

	specVersion = "1.0"
	contentType = "application/json"
	// timeLayout is RFC 3339 in UTC, with six fraction digits always.
	timeLayout = "2006-01-02T15:04:05.000000Z"
)

// header is one header of a message. A nil value is Kafka's null.
type header struct {
	name  string
	value []byte
}

// message is what Kafka keeps of a record. A nil key or value is Kafka's null.
type message struct {
	key, value []byte
	headers    []header
}

// encode returns the message that carries an entry. It returns an error for an entry that decode would refuse.
func encode(p stream.Published) (message, error) {
	s := p.Event.State()
	switch {
	case s.ID == id.Nil || s.UserID == id.Nil || s.Type == "" || s.Source == "":
		return message{}, fmt.Errorf("kafka: the entry of sequence %d has no id, user, type or source", p.Sequence)
	case !validPlace(p.Epoch, p.Sequence, p.Previous):
		return message{}, fmt.Errorf("kafka: no place in the order: epoch %d, sequence %d, previous %d", p.Epoch, p.Sequence, p.Previous)
	}
	user := s.UserID.String()
	headers := make([]header, 0, 12+len(s.Extensions))
	add := func(name, value string) { headers = append(headers, header{name, []byte(value)}) }
	add(headerSpecVersion, specVersion)
	add(headerID, s.ID.String())
	add(headerSource, s.Source)
	add(headerType, s.Type)
	add(headerTime, s.OccurredAt.UTC().Format(timeLayout))
	add(headerSubject, user)
	if s.ExternalID != "" {
		add(headerExternalID, s.ExternalID)
	}
	add(headerEpoch, strconv.FormatInt(p.Epoch, 10))
	add(headerSequence, strconv.FormatInt(p.Sequence, 10))
	add(headerPrevious, strconv.FormatInt(p.Previous, 10))
	for _, name := range slices.Sorted(maps.Keys(s.Extensions)) {
		add(attributePrefix+name, s.Extensions[name])
	}
	add(headerContentType, contentType)
	if p.Trace != "" {
		add(headerTrace, p.Trace)
	}
	return message{key: []byte(user), value: []byte(s.Data.String()), headers: headers}, nil
}

// validPlace tells whether numbers can be an entry's.
func validPlace(epoch, sequence, previous int64) bool {
	return epoch >= 1 && sequence >= 1 && previous >= 0 && previous < sequence
}
