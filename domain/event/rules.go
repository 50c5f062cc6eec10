package event

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/headrace/headrace/domain/fault"
)

const (
	maxType       = 100
	maxSource     = 255
	maxExternalID = 128
	maxExtensions = 16
	// maxExtensionBytes bounds all names and values of the extensions together.
	maxExtensionBytes = 4 << 10

	typeRule = "must have at most 100 characters and be words of lower-case letters and digits, the first beginning " +
		"with a letter, joined by '.', '_' or '-'"
	sourceRule     = "must be a non-empty URI-reference of at most 255 characters"
	externalIDRule = "must have 1 to 128 visible ASCII characters"
	// DataRule says how large data may be.
	DataRule    = "must be a JSON object of at most 64 KiB without insignificant white space"
	instantRule = "must be an RFC 3339 date and time in the years 1970 to 9999 (UTC)"
)

var typePattern = regexp.MustCompile(`^[a-z][a-z0-9]*([._-][a-z0-9]+)*$`)

func validType(s string) bool { return len(s) <= maxType && typePattern.MatchString(s) }

func validExternalID(s string) bool {
	if len(s) < 1 || len(s) > maxExternalID {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// attributeName is a CloudEvents attribute name (CloudEvents 1.0, "Naming conventions").
var attributeName = regexp.MustCompile(`^[a-z0-9]{1,64}$`)

// contextAttributes are the names CloudEvents itself gives a meaning to: no extension can have one.
var contextAttributes = []string{"id", "source", "specversion", "type", "datacontenttype", "subject", "time", "data"}

func checkExtensions(rules *fault.Rules, extensions map[string]string) {
	rules.Check(len(extensions) <= maxExtensions, "/extensions", "must have at most 16 members")
	size := 0
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		size += len(name) + len(extensions[name])
		switch {
		case !attributeName.MatchString(name):
			// The name is the caller's, so the pointer stops at the object: an answer repeats nothing that was sent.
			rules.Check(false, "/extensions", "every name must be a CloudEvents attribute name: 1 to 64 lower-case letters and digits")
		case strings.HasPrefix(name, "headrace"):
			rules.Check(false, "/extensions", "no name may begin with headrace: such names are the service's own")
		case slices.Contains(contextAttributes, name):
			rules.Check(false, "/extensions", "no name may be one of CloudEvents' own context attributes")
		}
		rules.Check(validAttributeValue(extensions[name]), "/extensions", "no value may have a control character")
	}
	rules.Check(size <= maxExtensionBytes, "/extensions", "must have at most 4 KiB of names and values")
}

// validAttributeValue is CloudEvents' String type, as far as JSON lets anything else through.
func validAttributeValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe
	})
}

func validInstant(t time.Time) bool { y := t.UTC().Year(); return y >= 1970 && y <= 9999 }
