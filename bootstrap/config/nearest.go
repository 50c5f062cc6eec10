package config

import "strings"

// Nearest returns the candidate that name was most likely meant to be: the one with the least edit distance, or one
// that name is the end or the beginning of, up to a separator. It returns "" when none is near.
func Nearest(name string, candidates []string) string {
	best, least := "", len(name)/2+1
	for _, c := range candidates {
		d := distance(strings.ToLower(name), strings.ToLower(c))
		if part(c, name) {
			d = min(d, 1)
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// part tells whether name is the end or the beginning of c, up to a separator.
func part(c, name string) bool {
	before, ended := strings.CutSuffix(c, name)
	after, begun := strings.CutPrefix(c, name)
	return name != "" && (ended && strings.ContainsAny(before[max(0, len(before)-1):], "._-") ||
		begun && strings.ContainsAny(after[:min(1, len(after))], "._-"))
}

// distance is how many characters must be put in, left out, replaced or swapped with their neighbor to make b of a
// (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// unknown says that what was given is none of ours, and what it may have been meant to be; near may be empty.
func unknown(what, near string) string {
	detail := "there is no such " + what
	if near == "" {
		return detail + "; 'headrace serve --help' shows them all"
	}
	return detail + "; did you mean " + near + "?"
}
