package config

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func same[T ~string](value T) string { return string(value) }

// text is any text that fits the pattern.
func text(name, allowed string, pattern *regexp.Regexp) kind[string] {
	return kind[string]{name: name, allowed: allowed, format: same[string], parse: func(text string) (string, bool) {
		return text, pattern.MatchString(text)
	}}
}

// line is any text in one line, or none.
func line() kind[string] {
	return kind[string]{name: "text", allowed: "any text without control characters", format: same[string],
		parse: func(text string) (string, bool) { return text, printable(text) }}
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func directory() kind[string] {
	return kind[string]{name: "directory", allowed: "a path", format: same[string], parse: func(text string) (string, bool) {
		return text, text != "" && !strings.ContainsRune(text, 0)
	}}
}

// readable is the path of a file that can be opened, or none.
func readable() kind[string] {
	return kind[string]{name: "file", allowed: "the path of a file that can be read", format: same[string],
		parse: func(text string) (string, bool) {
			if text == "" {
				return "", true
			}
			// Asked first, because opening something that isn't a file may wait forever.
			if info, err := os.Stat(text); err != nil || !info.Mode().IsRegular() {
				return "", false
			}
			f, err := os.Open(text)
			if err != nil {
				return "", false
			}
			return text, f.Close() == nil
		}}
}

func address() kind[string] {
	return kind[string]{name: "host:port", format: same[string],
		allowed: "host:port; no host means every interface, port 0 picks a free one",
		parse: func(text string) (string, bool) {
			host, port, ok := splitHostPort(text, "")
			return net.JoinHostPort(host, port), ok
		}}
}

// oneOf is one of these words.
func oneOf[T ~string](values ...T) kind[T] {
	return kind[T]{name: "word", allowed: "one of " + words(values), format: same[T], parse: func(text string) (T, bool) {
		return T(text), slices.Contains(values, T(text))
	}}
}

func words[T ~string](values []T) string {
	names := make([]string, 0, len(values))
	for _, v := range values {
		if v == "" {
			names = append(names, "nothing")
		} else {
			names = append(names, string(v))
		}
	}
	return strings.Join(names, ", ")
}

func level() kind[slog.Level] {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	return kind[slog.Level]{name: "word", allowed: "one of debug, info, warn, error",
		parse:  func(text string) (slog.Level, bool) { l, ok := levels[text]; return l, ok },
		format: func(l slog.Level) string { return strings.ToLower(l.String()) },
	}
}

func roles() kind[Roles] {
	return kind[Roles]{name: "list", list: true, allowed: "one or more of " + words(AllRoles()) + ", each once",
		parse: func(text string) (Roles, bool) {
			given := map[Role]bool{}
			for part := range strings.SplitSeq(text, ",") {
				role := Role(strings.TrimSpace(part))
				if given[role] || !AllRoles().Has(role) {
					return nil, false
				}
				given[role] = true
			}
			return slices.DeleteFunc(AllRoles(), func(r Role) bool { return !given[r] }), true
		},
		format: func(rs Roles) string {
			names := make([]string, len(rs))
			for i, r := range rs {
				names[i] = string(r)
			}
			return strings.Join(names, ",")
		}}
}

func boolean() kind[bool] {
	return kind[bool]{name: "true|false", toggle: true, allowed: "true or false", format: strconv.FormatBool,
		parse: func(text string) (bool, bool) { return text == "true", text == "true" || text == "false" }}
}

type signed interface{ ~int | ~int16 | ~int32 }

// whole is a whole number from low to high.
func whole[T signed](low, high T) kind[T] {
	return kind[T]{name: "number", allowed: fmt.Sprintf("a whole number from %d to %d", low, high),
		parse: func(text string) (T, bool) {
			n, err := strconv.ParseInt(text, 10, 64)
			return T(n), err == nil && n >= int64(low) && n <= int64(high)
		},
		format: func(n T) string { return strconv.FormatInt(int64(n), 10) }}
}

func resource(name, allowed string, valid func(string) bool) kind[URL] {
	return kind[URL]{name: name, allowed: allowed, veiled: true, format: URL.String,
		parse: func(text string) (URL, bool) { return URL{text}, printable(text) && valid(text) }}
}
