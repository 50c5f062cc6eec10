package httpapi

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headrace/headrace/adapters/in/httpapi/internal/types"
	"github.com/headrace/headrace/app/events"
	"github.com/headrace/headrace/domain/event"
)

// decodeEvent reads an event that a caller sends, and which required members are missing.
func decodeEvent(body []byte) (s events.Submission, missing []string, err error) {
	var in types.EventInput
	missing, err = decodeObject(body, []field{
		{"user_id", jsontext.KindString, false, text(&in.UserID)},
		{"user_external_id", jsontext.KindString, false, text(&in.UserExternalID)},
		{"type", jsontext.KindString, true, requiredText(&in.Type)},
		{"data", jsontext.KindBeginObject, false, object(&in.Data)},
		{"external_id", jsontext.KindString, false, text(&in.ExternalID)},
		{"source", jsontext.KindString, false, text(&in.Source)},
		{"occurred_at", jsontext.KindString, false, text(&in.OccurredAt)},
		{"extensions", jsontext.KindBeginObject, false, texts(&in.Extensions)},
	})
	if err != nil {
		return events.Submission{}, nil, err
	}
	data, err := parseObject(in.Data)
	s = events.Submission{UserID: in.UserID, UserExternalID: in.UserExternalID, Draft: event.Draft{Type: in.Type, Source: in.Source,
		ExternalID: in.ExternalID, Data: data, Extensions: in.Extensions}}
	if in.OccurredAt != nil {
		// What is no time is the zero time, which breaks the same rule: it is told of together with all others.
		at, ok := parseInstant(*in.OccurredAt)
		if !ok {
			at = time.Time{}
		}
		s.Draft.OccurredAt = &at
	}
	return s, missing, err
}

// eventBody is an event as callers see it.
func eventBody(e event.Event) types.Event {
	s := e.State()
	return types.Event{ID: s.ID.String(), UserID: s.UserID.String(), Type: s.Type, Source: s.Source,
		ExternalID: nullable(s.ExternalID), Data: jsontext.Value(s.Data.String()), Extensions: s.Extensions,
		OccurredAt: s.OccurredAt.UTC().Format(instantInAnswer), RecordedAt: e.RecordedAt().Format(instantInAnswer)}
}
