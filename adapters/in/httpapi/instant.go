package httpapi

import (
	"strings"
	"time"
)

// parseInstant reads an RFC 3339 date and time, and nothing that is only like one: time.Parse takes hours of one digit,
// commas and offsets of 99 hours. A leap second (second 60) isn't taken. What is finer than a microsecond is cut.
func parseInstant(s string) (time.Time, bool) {
	const form = "dddd-dd-ddTdd:dd:dd"
	if len(s) <= len(form) || !hasForm(s[:len(form)], form) {
		return time.Time{}, false
	}
	year, month, day := number(s[0:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	micros, rest, ok := fraction(s[len(form):])
	if !ok || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	offset, ok := zone(rest)
	if !ok {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, micros*1000, time.UTC)
	if day < 1 || t.Day() != day {
		return time.Time{}, false // the month has no such day
	}
	return t.Add(-offset), true
}

// hasForm compares text with a form in which d stands for a digit. T may be in either case.
func hasForm(s, form string) bool {
	for i := range len(form) {
		switch c := form[i]; c {
		case 'd':
			if s[i] < '0' || s[i] > '9' {
				return false
			}
		case 'T':
			if s[i] != 'T' && s[i] != 't' {
				return false
			}
		default:
			if s[i] != c {
				return false
			}
		}
	}
	return true
}

// number is the value of decimal digits.
func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

// fraction reads the fraction of a second, if there is one, as microseconds.
func fraction(s string) (micros int, rest string, ok bool) {
	after, found := strings.CutPrefix(s, ".")
	if !found {
		return 0, s, true
	}
	rest = strings.TrimLeft(after, "0123456789")
	digits := after[:len(after)-len(rest)]
	if digits == "" {
		return 0, "", false
	}
	return number((digits + "00000")[:6]), rest, true
}

// zone reads Z, in either case, or an offset from UTC.
func zone(s string) (time.Duration, bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+dd:dd") || s[0] != '+' && s[0] != '-' || !hasForm(s[1:], "dd:dd") {
		return 0, false
	}
	hours, minutes := number(s[1:3]), number(s[4:6])
	if hours > 23 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}
