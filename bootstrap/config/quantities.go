package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// units are the suffixes of sizes, the largest first.
var units = []struct {
	suffix string
	bytes  int64
}{{"GiB", gib}, {"MiB", mib}, {"KiB", kib}, {"B", 1}, {"", 1}}

// size is a number of bytes from low to high.
func size[T ~int | ~int64](low, high T) kind[T] {
	return kind[T]{name: "size",
		allowed: fmt.Sprintf("a size from %s to %s, in bytes or with KiB, MiB or GiB behind it", formatSize(int64(low)), formatSize(int64(high))),
		parse: func(text string) (T, bool) {
			n, ok := parseSize(text)
			return T(n), ok && n >= int64(low) && n <= int64(high)
		},
		format: func(n T) string { return formatSize(int64(n)) }}
}

func parseSize(text string) (int64, bool) {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(text, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || int64(n) > math.MaxInt64/unit.bytes {
			return 0, false
		}
		return int64(n) * unit.bytes, true
	}
	return 0, false
}

// formatSize writes a size in the largest unit that it is a multiple of.
func formatSize(n int64) string {
	for _, unit := range units[:3] {
		if n != 0 && n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}

const day = 24 * time.Hour

// auto stands for a duration that follows from other settings, until resolve has put it in.
const auto time.Duration = -1

// duration is a time from low to high. More forms are in also, which says what they mean.
func duration(low, high time.Duration, also ...alternative) kind[time.Duration] {
	examples := "250ms, 5s or 1m30s"
	if high >= day {
		examples = "250ms, 5s, 1m30s or 30d"
	}
	allowed := fmt.Sprintf("a duration from %s to %s, such as %s", formatDuration(low), formatDuration(high), examples)
	for _, a := range also {
		allowed += ", or " + a.word + " (" + a.meaning + ")"
	}
	return kind[time.Duration]{name: "duration", allowed: allowed, format: formatDuration,
		parse: func(text string) (time.Duration, bool) {
			for _, a := range also {
				if text == a.word {
					return a.value, true
				}
			}
			d, ok := parseDuration(text)
			zero := d == 0 && slices.ContainsFunc(also, func(a alternative) bool { return a.value == 0 })
			return d, ok && (zero || d >= low && d <= high)
		}}
}

// alternative is a word that may stand in a duration's place.
type alternative struct {
	word    string
	value   time.Duration
	meaning string
}

// parseDuration reads what time.ParseDuration does, and whole days in front: 30d, 1d12h.
func parseDuration(text string) (time.Duration, bool) {
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		d, err := time.ParseDuration(text)
		return d, err == nil
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, false
	}
	var d time.Duration
	if rest != "" {
		if d, err = time.ParseDuration(rest); err != nil || d < 0 || d >= day || strings.HasPrefix(rest, "+") {
			return 0, false
		}
	}
	return time.Duration(n)*day + d, true
}

// formatDuration writes a duration without parts that are zero: 2m, 30d, 1d12h.
func formatDuration(d time.Duration) string {
	if d == auto {
		return "auto"
	}
	if d == 0 {
		return "0"
	}
	if days := d / day; days > 0 {
		text := strconv.FormatInt(int64(days), 10) + "d"
		if rest := d % day; rest > 0 {
			text += formatDuration(rest)
		}
		return text
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
