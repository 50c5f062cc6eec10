package httpapi

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const jsonType = "application/json"

// Values of Cache-Control: what has an entity tag may be kept and asked about again, documents by anyone.
const (
	noStore         = "no-store"
	noCache         = "no-cache"
	privateNoCache  = "private, no-cache"
	instantInAnswer = "2006-01-02T15:04:05.000000Z"
)

// answerOptions keep callers' strings as they were sent, and maps in one order: an entity tag is for the same bytes.
var answerOptions = json.JoinOptions(jsontext.PreserveRawStrings(true), json.Deterministic(true))

// writeJSON writes an answer. An error means that nothing was written.
func writeJSON(w http.ResponseWriter, status int, mediaType string, v any) error {
	body, err := json.Marshal(v, answerOptions)
	if err != nil {
		return fmt.Errorf("httpapi: encode an answer: %w", err)
	}
	write(w, status, mediaType, body)
	return nil
}

// write writes an answer. A caller who isn't there any more to read it is nobody's error.
func write(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
