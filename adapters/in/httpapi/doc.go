// Package httpapi is the REST API: it reads requests, calls use cases and writes their answers, as api/openapi.yaml
// says. It promises that
//
//   - a document is taken as a whole and strictly, or refused: no member is ignored, no value bent into shape;
//   - every error is a problem document (RFC 9457) that repeats nothing the caller sent and shows nothing internal;
//   - what a request may take (bytes, time, a place among those in flight) is bounded before it is taken.
//
// New makes the handler of a process that serves the API, NewProbes that of one which doesn't, and NewServer the
// server around either. Bodies are decoded by hand into types generated from the contract: the generator's own decoding
// lets unknown members and trailing data through.
package httpapi
