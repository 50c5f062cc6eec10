package user

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	emailRule = "must be an e-mail address of at most 254 ASCII characters: a dot-atom, @, and a domain of two or more " +
		"labels of letters, digits and hyphens"
	nameRule       = "must have 1 to 100 characters besides outer white space, and no control character"
	externalIDRule = "must have 1 to 128 visible ASCII characters"
	// AttributesRule says how large attributes may be.
	AttributesRule = "must be a JSON object of at most 16 KiB without insignificant white space"
)

// FoldEmail returns the form under which an e-mail address is unique: ASCII letters in lower case. No other letter is
// folded into one (the Kelvin sign's lower case is k).
func FoldEmail(email string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, email)
}

// ValidExternalID tells whether s can be a caller's own id: 1 to 128 visible ASCII characters.
func ValidExternalID(s string) bool {
	if len(s) < 1 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// cleanName gives a name the form it is kept in: Unicode NFC without outer white space.
func cleanName(s string) string { return strings.TrimSpace(norm.NFC.String(s)) }

func validName(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= 100 && !strings.ContainsFunc(s, unicode.IsControl)
}

// validEmail takes an RFC 5322 dot-atom at a domain of RFC 1123 labels; quoted local parts and address literals are
// not taken. RFC 5321's limit of 64 for the local part is left to whoever delivers mail to it.
func validEmail(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	if !found || len(s) > 254 {
		return false
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtext(r) }) {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

func validLabel(s string) bool {
	if len(s) < 1 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '-' && !isAlphanumeric(r) })
}

// isAtext is RFC 5322's atext.
func isAtext(r rune) bool { return isAlphanumeric(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) }

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
