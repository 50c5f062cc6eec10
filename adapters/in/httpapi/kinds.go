package httpapi

import (
	"net/http"

	"github.com/headrace/headrace/domain/fault"
)

// kind is what problems of one type have in common. The type is /problems/ and the kind's name.
type kind struct {
	status int
	title  string
	// meaning is the page's text: what happened and what to do.
	meaning string
	// retryAfter is the seconds after which the same request may succeed; 0: it won't.
	retryAfter int
	// closes means that the rest of the request may never come or isn't wanted: the connection can't be used again.
	closes bool
}

// Names of kinds that this package itself refuses requests with. Faults have their own: fault.Kind's.
const (
	methodNotAllowed     = "method-not-allowed"
	requestTimeout       = "request-timeout"
	contentTooLarge      = "content-too-large"
	uriTooLong           = "uri-too-long"
	unsupportedMediaType = "unsupported-media-type"
	headersTooLarge      = "headers-too-large"
	overloaded           = "overloaded"
	notReady             = "not-ready"
	down                 = "down"
)

// kinds is the one table from what went wrong to the answer's status. A fault's kind that isn't here is internal.
//
// A full house is 503 rather than 429: the limit is the process's, not the caller's own.
var kinds = map[string]kind{
	fault.Malformed.String(): {status: http.StatusBadRequest, title: "The request can't be read",
		meaning: "The body is no well-formed JSON or has a member that isn't known, comes twice or is of the wrong type; or a query parameter, a cursor or a precondition is malformed. Change the request before it is sent again."},
	fault.NotFound.String(): {status: http.StatusNotFound, title: "There is nothing here",
		meaning: "Nothing has this path or this id, or what had it was deleted."},
	methodNotAllowed: {status: http.StatusMethodNotAllowed, title: "The method isn't for this path",
		meaning: "The path is there, but doesn't take this method; the Allow header names those that it takes."},
	requestTimeout: {status: http.StatusRequestTimeout, title: "The request came too slowly", closes: true,
		meaning: "The body didn't arrive in time. Send the request again over a new connection."},
	fault.Conflict.String(): {status: http.StatusConflict, title: "A value is taken",
		meaning: "A value that must be unique belongs to something else; errors names the member."},
	fault.PreconditionFailed.String(): {status: http.StatusPreconditionFailed, title: "The precondition doesn't hold",
		meaning: "The current version isn't one that If-Match names, or is one that If-None-Match names. Read the resource again and decide anew."},
	contentTooLarge: {status: http.StatusRequestEntityTooLarge, title: "The body is too large", closes: true,
		meaning: "The body is larger than this operation takes: 1 MiB, unless the service was configured otherwise."},
	uriTooLong: {status: http.StatusRequestURITooLong, title: "The request target is too long",
		meaning: "The path and the query are over 8 KiB together."},
	unsupportedMediaType: {status: http.StatusUnsupportedMediaType, title: "The body's format isn't taken",
		meaning: "The Content-Type isn't one that this operation takes, or there is a Content-Encoding. Accept and Accept-Encoding name what is taken."},
	fault.Invalid.String(): {status: http.StatusUnprocessableEntity, title: "A rule is broken",
		meaning: "The request can be read, but a member is missing or has a value that breaks a rule; errors names every one."},
	headersTooLarge: {status: http.StatusRequestHeaderFieldsTooLarge, title: "The headers are too large",
		meaning: "All header fields together are over 64 KiB."},
	fault.Internal.String(): {status: http.StatusInternalServerError, title: "The service failed",
		meaning: "A defect of the service. Its log says more under the request's id, which is in instance and in X-Request-Id. Whether a change took place isn't known."},
	fault.Unavailable.String(): {status: http.StatusServiceUnavailable, title: "A dependency doesn't answer", retryAfter: 1,
		meaning: "Something that the request needs doesn't answer just now. Send it again after the seconds that Retry-After names. Whether a change took place isn't known: an external_id makes it safe to send an event again."},
	overloaded: {status: http.StatusServiceUnavailable, title: "The service is busy", retryAfter: 1, closes: true,
		meaning: "The process has as many requests, or as many bytes of them, as it takes at a time. Nothing was done. Send the request again after the seconds that Retry-After names."},
	notReady: {status: http.StatusServiceUnavailable, title: "The process isn't ready", retryAfter: 1,
		meaning: "The process is starting or stopping, or the schema of its store isn't the one that it needs; its log says which. Others may be ready."},
	down: {status: http.StatusServiceUnavailable, title: "The service is down", retryAfter: 1,
		meaning: "The store doesn't answer; checks says what does."},
}
