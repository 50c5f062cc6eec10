package httpapi

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// maxLevels is how deep a document may go, its outermost object or array being level 1.
const maxLevels = 64

// What a well-formed value may still not have: some store can't keep it, or reads it differently.
const (
	tooDeep    = "must not have more than 64 levels"
	hasNUL     = `must have no \u0000`
	outOfRange = "must have no number beyond the range of a double"
)

// scan returns what is wrong with a well-formed value that begins below so many levels; empty: nothing.
func scan(v jsontext.Value, levels int) string {
	for i := 0; i < len(v); {
		switch c := v[i]; {
		case c == '{' || c == '[':
			if levels++; levels > maxLevels {
				return tooDeep
			}
			i++
		case c == '}' || c == ']':
			levels--
			i++
		case c == '"':
			end, ok := scanString(v, i+1)
			if !ok {
				return hasNUL
			}
			i = end
		case c == '-' || '0' <= c && c <= '9':
			end := i + 1
			for end < len(v) && isNumberByte(v[end]) {
				end++
			}
			if !inRange(v[i:end]) {
				return outOfRange
			}
			i = end
		default:
			i++
		}
	}
	return ""
}

// scanString goes through a string from behind its opening quote and returns where it ends; ok is false when U+0000 is
// in it. As a plain byte it is no JSON, so that it can only be escaped.
func scanString(v jsontext.Value, i int) (end int, ok bool) {
	for v[i] != '"' {
		if v[i] != '\\' {
			i++
			continue
		}
		if v[i+1] == 'u' && string(v[i+2:i+6]) == "0000" {
			return 0, false
		}
		i += 2
	}
	return i + 1, true
}

func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'
}

// inRange tells whether a number is within a double's range. One of few bytes without an exponent always is.
func inRange(number []byte) bool {
	if len(number) <= 300 {
		exponent := false
		for _, c := range number {
			exponent = exponent || c == 'e' || c == 'E'
		}
		if !exponent {
			return true
		}
	}
	_, err := strconv.ParseFloat(string(number), 64)
	return err == nil
}
