package httpapi

import (
	"net/http"

	"github.com/headrace/headrace/domain/event"
)

const eventsPath = "/api/v1/events"

func (a *api) recordEvent(w http.ResponseWriter, r *http.Request, body []byte) error {
	submission, missing, err := decodeEvent(body)
	if err != nil {
		return err
	}
	result, err := a.uses.Events.Record(r.Context(), submission)
	if err != nil {
		return sayMissing(err, missing)
	}
	if result.Duplicate {
		return writeJSON(w, http.StatusOK, jsonType, eventBody(result.Event))
	}
	w.Header().Set("Location", eventsPath+"/"+result.Event.ID().String())
	return writeJSON(w, http.StatusCreated, jsonType, eventBody(result.Event))
}

// eventTag is the entity tag of every event: none ever changes.
var eventTag = etag(1)

func (a *api) getEvent(w http.ResponseWriter, r *http.Request) error {
	eid, err := pathID(r)
	if err != nil {
		return err
	}
	conditions, err := parsePreconditions(r.Header)
	if err != nil {
		return err
	}
	e, err := a.uses.Events.Get(r.Context(), eid)
	if err != nil {
		return err
	}
	notModified, err := conditions.judge(eventTag)
	if err != nil {
		return err
	}
	if notModified {
		writeNotModified(w, eventTag)
		return nil
	}
	return writeEvent(w, e)
}

func writeEvent(w http.ResponseWriter, e event.Event) error {
	w.Header().Set("ETag", eventTag)
	w.Header().Set("Cache-Control", privateNoCache)
	return writeJSON(w, http.StatusOK, jsonType, eventBody(e))
}
