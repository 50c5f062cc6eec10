package httpapi

import (
	"net/http"
	"strings"
)

// traceparent returns the request's W3C trace context as version 00, or "" when there is none that is valid. What a
// later version adds at the end is left out, as the recommendation says.
func traceparent(h http.Header) string {
	given := h.Values("Traceparent")
	if len(given) != 1 {
		return ""
	}
	const size = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	s := given[0]
	if len(s) < size || len(s) > 512 {
		return ""
	}
	version, parent := s[:2], s[:size]
	later := version != "00" && version != "ff" && (len(s) == size || s[size] == '-')
	if !later && (version != "00" || len(s) != size) {
		return ""
	}
	if parent[2] != '-' || parent[35] != '-' || parent[52] != '-' {
		return ""
	}
	traceID, spanID, flags := parent[3:35], parent[36:52], parent[53:]
	if !lowerHex(version) || !lowerHex(traceID) || !lowerHex(spanID) || !lowerHex(flags) ||
		strings.Trim(traceID, "0") == "" || strings.Trim(spanID, "0") == "" {
		return ""
	}
	return "00" + parent[2:]
}

func lowerHex(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}
