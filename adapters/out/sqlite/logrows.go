package sqlite

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/event"
	"github.com/headrace/headrace/domain/stream"
)

const entryColumns = `id, user_id, type, source, external_id, occurred_at, trace, extensions, data`

// scanEntry reads entryColumns, and before them what first points to.
func scanEntry(row scanner, first ...any) (stream.Entry, error) {
	var s event.State
	var externalID *string
	var extensions []byte
	var occurredAt int64
	var entry stream.Entry
	var data string
	into := append(first, (*blobID)(&s.ID), (*blobID)(&s.UserID), &s.Type, &s.Source, &externalID, &occurredAt, &entry.Trace, &extensions, &data)
	if err := row.Scan(into...); err != nil {
		return stream.Entry{}, err
	}
	if externalID != nil {
		s.ExternalID = *externalID
	}
	if extensions != nil {
		if err := json.Unmarshal(extensions, &s.Extensions); err != nil {
			return stream.Entry{}, fmt.Errorf("read the extensions of event %s: %w", s.ID, err)
		}
	}
	s.OccurredAt = instant(occurredAt)
	s.Data = document.Stored(data)
	entry.Event = event.Restore(s)
	return entry, nil
}

func scanEvent(row scanner) (event.Event, error) {
	entry, err := scanEntry(row)
	return entry.Event, err
}

// entryParameters are as many as entryValues.
const entryParameters = `?, ?, ?, ?, ?, ?, ?, ?, ?, ?`

// entryValues are the values of entryColumns and, last, of bytes.
func entryValues(entry stream.Entry) ([]any, error) {
	s := entry.Event.State()
	var extensions any
	if s.Extensions != nil {
		text, err := json.Marshal(s.Extensions)
		if err != nil {
			return nil, fmt.Errorf("write the extensions of event %s: %w", s.ID, err)
		}
		extensions = string(text)
	}
	return []any{s.ID[:], s.UserID[:], s.Type, s.Source, nullable(s.ExternalID), s.OccurredAt.UnixMicro(), entry.Trace,
		extensions, s.Data.String(), size(entry)}, nil
}

// size is about how many bytes an entry takes on a bus.
func size(entry stream.Entry) int {
	const envelope = 256
	s := entry.Event.State()
	n := envelope + len(s.Type) + len(s.Source) + len(s.ExternalID) + len(s.Data.String()) + len(entry.Trace)
	for name, value := range s.Extensions {
		n += len(name) + len(value)
	}
	return n
}
