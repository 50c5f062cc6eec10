package httpapi

import (
	"net/http"
	"strings"
)

const requestIDHeader = "X-Request-Id"

// requestID returns the caller's id for the request, when there is one that can be used, and else a new one.
func (a *api) requestID(r *http.Request) string {
	if given := r.Header.Values(requestIDHeader); len(given) == 1 && validRequestID(given[0]) {
		return given[0]
	}
	return a.ids.New().String()
}

func validRequestID(s string) bool {
	return len(s) >= 1 && len(s) <= maxRequestID &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// escapeNSS writes visible ASCII as the namespace-specific string of a URN (RFC 8141): what may not stand there is
// percent-encoded, and '/', which may not begin it, everywhere.
func escapeNSS(s string) string {
	const plain = "-._~!$&'()*+,;=:@"
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString(string([]byte{'%', hex[c>>4], hex[c&15]}))
	}
	return b.String()
}
