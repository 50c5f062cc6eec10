package event

import (
	"net/netip"
	"regexp"
	"strings"
)

// The pieces of RFC 3986's URI-reference, appendix A.
const (
	percent   = `%[0-9A-Fa-f]{2}`
	regName   = `(?:[A-Za-z0-9._~!$&'()*+,;=-]|` + percent + `)`
	userInfo  = `(?:[A-Za-z0-9._~!$&'()*+,;=:-]|` + percent + `)`
	pchar     = `(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|` + percent + `)`
	noColon   = `(?:[A-Za-z0-9._~!$&'()*+,;=@-]|` + percent + `)`
	ipFuture  = `v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+`
	authority = `//(?:` + userInfo + `*@)?(?:\[(?:([0-9A-Fa-f:.]+)|` + ipFuture + `)\]|` + regName + `*)(?::[0-9]*)?`
	rest      = `(?:/` + pchar + `*)*`
	absolute  = `/(?:` + pchar + `+` + rest + `)?`
	tail      = `(?:\?(?:` + pchar + `|[/?])*)?(?:#(?:` + pchar + `|[/?])*)?`
)

var (
	fullURI           = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:(?:` + authority + rest + `|` + absolute + `|` + pchar + `+` + rest + `|)` + tail + `$`)
	relativeReference = regexp.MustCompile(`^(?:` + authority + rest + `|` + absolute + `|` + noColon + `+` + rest + `|)` + tail + `$`)
)

// validSource takes a URI-reference as RFC 3986 has it; net/url takes more in some places and less in others.
func validSource(s string) bool {
	if s == "" || len(s) > maxSource {
		return false
	}
	parts := fullURI.FindStringSubmatch(s)
	if parts == nil {
		parts = relativeReference.FindStringSubmatch(s)
	}
	if parts == nil {
		return false
	}
	if literal := parts[1]; literal != "" {
		address, err := netip.ParseAddr(literal)
		return err == nil && strings.Contains(literal, ":") && address.Zone() == ""
	}
	return true
}
