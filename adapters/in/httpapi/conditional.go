package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/user"
)

// preconditions are a request's If-Match and If-None-Match (RFC 9110, section 13.1).
type preconditions struct{ match, noneMatch tagSet }

// tagSet is a list of entity tags, or any.
type tagSet struct {
	any          bool
	strong, weak []string // with their quotes, without W/
}

func parsePreconditions(h http.Header) (preconditions, error) {
	var p preconditions
	for name, set := range map[string]*tagSet{"If-Match": &p.match, "If-None-Match": &p.noneMatch} {
		if lines, stated := h[name]; stated && !set.parse(strings.Join(lines, ",")) {
			return preconditions{}, malformed(name + " is no list of entity tags, nor *.")
		}
	}
	return p, nil
}

// parse reads 1#entity-tag or "*". Empty members of a list are passed over, as RFC 9110, section 5.6.1, asks for.
func (s *tagSet) parse(list string) bool {
	const space = " \t"
	if strings.Trim(list, space) == "*" {
		s.any = true
		return true
	}
	for {
		list = strings.TrimLeft(list, space+",")
		if list == "" {
			return len(s.strong)+len(s.weak) > 0
		}
		tag, isWeak := strings.CutPrefix(list, "W/")
		end := strings.IndexByte(strings.TrimPrefix(tag, `"`), '"') + 2
		if end < 2 || tag[0] != '"' || strings.ContainsFunc(tag[:end], func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return false
		}
		if isWeak {
			s.weak = append(s.weak, tag[:end])
		} else {
			s.strong = append(s.strong, tag[:end])
		}
		list = strings.TrimLeft(tag[end:], space)
		if list != "" && list[0] != ',' {
			return false
		}
	}
}

// stated tells whether the header was there.
func (s tagSet) stated() bool { return s.any || len(s.strong)+len(s.weak) > 0 }

// judge tells what a GET of a representation with this entity tag is to be answered with: 304, 412 (the error), or it.
func (p preconditions) judge(etag string) (notModified bool, err error) {
	// If-Match compares strongly: a weak tag is like none. If-None-Match compares weakly.
	if p.match.stated() && !p.match.any && !slices.Contains(p.match.strong, etag) {
		return false, fault.New(fault.PreconditionFailed, "The current version isn't one that If-Match names.")
	}
	return p.noneMatch.any || slices.Contains(p.noneMatch.strong, etag) || slices.Contains(p.noneMatch.weak, etag), nil
}

// expected is what a change expects of the user, for the store to judge within the transaction.
func (p preconditions) expected() user.Expected {
	return user.Expected{
		Stated: p.match.stated(), Any: p.match.any, Versions: versions(p.match.strong),
		NotAny: p.noneMatch.any, Not: versions(append(p.noneMatch.strong, p.noneMatch.weak...)),
	}
}

// versions are those that tags are of. A tag that no user ever had is of none.
func versions(tags []string) []int64 {
	var list []int64
	for _, tag := range tags {
		if v, err := strconv.ParseInt(tag[1:len(tag)-1], 10, 64); err == nil && etag(v) == tag {
			list = append(list, v)
		}
	}
	return list
}

// etag is the entity tag of a version.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// fresh tells whether the caller wants the answer from the store itself.
func fresh(h http.Header) bool {
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			directive = strings.ToLower(strings.TrimSpace(directive))
			if directive == noCache || directive == "max-age=0" {
				return true
			}
		}
	}
	return false
}
