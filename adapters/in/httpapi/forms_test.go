package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestInstantsAreRFC3339(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"2024-02-29T01:02:03Z":                                   time.Date(2024, 2, 29, 1, 2, 3, 0, time.UTC),
		"2024-02-29t01:02:03z":                                   time.Date(2024, 2, 29, 1, 2, 3, 0, time.UTC),
		"2024-01-01T00:00:00.1Z":                                 time.Date(2024, 1, 1, 0, 0, 0, 100_000_000, time.UTC),
		"2024-01-01T00:00:00.1234569Z":                           time.Date(2024, 1, 1, 0, 0, 0, 123_456_000, time.UTC),
		"2024-01-01T00:00:00.000000999+00:00":                    time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		"2024-01-01T00:00:00+23:59":                              time.Date(2023, 12, 31, 0, 1, 0, 0, time.UTC),
		"2024-01-01T00:00:00-00:00":                              time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		"0000-01-01T00:00:00Z":                                   time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		"9999-12-31T23:59:59-23:59":                              time.Date(10000, 1, 1, 23, 58, 59, 0, time.UTC),
		"2024-01-01T00:00:00." + strings.Repeat("9", 1000) + "Z": time.Date(2024, 1, 1, 0, 0, 0, 999_999_000, time.UTC),
	} {
		got, ok := parseInstant(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "Z", "2024-02-29T01:02:03", "2023-02-29T00:00:00Z", "2024-00-01T00:00:00Z", "2024-13-01T00:00:00Z",
		"2024-01-00T00:00:00Z", "2024-04-31T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z",
		"2024-01-01T00:00:00.Z", "2024-01-01T00:00:00,1Z", "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+00:60",
		"2024-01-01T00:00:00ZZ", "2024-01-01T00:00:00Z ", "2024-01-01 00:00:00Z", "24-01-01T00:00:00Z", "+2024-01-01T00:00:00Z",
		"2024-1-01T00:00:00Z", "2024-01-01T0:00:00Z", "2024-01-01T00:00:00 +00:00", "2024-01-01T00:00:00+00", "2024-W01-1T00:00:00Z"} {
		_, ok := parseInstant(text)
		assert.False(t, ok, text)
	}
}

// What the standard library writes as RFC 3339 is read as the same instant.
func TestInstantsOfTheStandardLibraryAreRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62135596800, 253402300799-86400).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		zone := time.FixedZone("", 60*rapid.IntRange(-23*60, 23*60).Draw(t, "minutes"))
		text := at.In(zone).Format(time.RFC3339Nano)
		if at.In(zone).Year() < 0 || at.In(zone).Year() > 9999 {
			return
		}
		got, ok := parseInstant(text)
		require.True(t, ok, text)
		require.Equal(t, at.UTC().Truncate(time.Microsecond), got, text)
	})
}

// Whatever is well-formed, scan finds its faults and nothing else, and stays within it.
func TestScanFindsWhatATokenReaderFinds(t *testing.T) {
	t.Parallel()
	value := rapid.Deferred(func() *rapid.Generator[string] { return drawnValue(5) })
	rapid.Check(t, func(t *rapid.T) {
		text := value.Draw(t, "value")
		levels := rapid.IntRange(55, 64).Draw(t, "levels")
		require.True(t, jsontext.Value(text).IsValid(), text)
		require.Equal(t, readByTokens(text, levels) != "", scan(jsontext.Value(text), levels) != "", text)
	})
}

func drawnValue(levels int) *rapid.Generator[string] {
	leaf := rapid.SampledFrom([]string{"null", "true", "0", "-1.5", "1e308", "1e309", "-1E+999", "1e-999", `""`, `"\\u0000"`, `"\u0000"`, `"\\\u0000"`,
		`"\"{[1e999"`, `"\ud83d\ude00"`, `"é"`})
	if levels == 0 {
		return leaf
	}
	inner := rapid.Deferred(func() *rapid.Generator[string] { return drawnValue(levels - 1) })
	return rapid.OneOf(leaf,
		rapid.Custom(func(t *rapid.T) string {
			return "[" + strings.Join(rapid.SliceOfN(inner, 0, 3).Draw(t, "items"), " , ") + "]"
		}),
		rapid.Custom(func(t *rapid.T) string {
			var members []string
			for i, item := range rapid.SliceOfN(inner, 0, 3).Draw(t, "members") {
				members = append(members, `"`+strconv.Itoa(i)+`\\" : `+item)
			}
			return "{" + strings.Join(members, ",") + "}"
		}))
}

func readByTokens(text string, levels int) string {
	d := jsontext.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return ""
		}
		switch token.Kind() {
		case jsontext.KindString:
			if strings.ContainsRune(token.String(), 0) {
				return hasNUL
			}
		case jsontext.KindNumber:
			if _, err := strconv.ParseFloat(token.String(), 64); err != nil {
				return outOfRange
			}
		default:
		}
		if levels+d.StackDepth() > maxLevels {
			return tooDeep
		}
	}
}

func TestTraceparents(t *testing.T) {
	t.Parallel()
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for given, want := range map[string]string{
		good:                                  good,
		good[:53] + "00":                      good[:53] + "00",
		"cc" + good[2:]:                       good,
		"01" + good[2:] + "-what-comes-later": good,
		"":                                    "",
		good + "-x":                           "",
		"01" + good[2:] + "x":                 "",
		"ff" + good[2:]:                       "",
		"0g" + good[2:]:                       "",
		strings.ToUpper(good):                 "",
		good[1:]:                              "",
		strings.Replace(good, "4bf92f3577b34da6a3ce929d0e0e4736", strings.Repeat("0", 32), 1): "",
		strings.Replace(good, "00f067aa0ba902b7", strings.Repeat("0", 16), 1):                 "",
		strings.Replace(good, "-", "_", 1):                                                    "",
		"01" + good[2:] + "-" + strings.Repeat("x", 600):                                      "",
	} {
		assert.Equal(t, want, traceparent(http.Header{"Traceparent": {given}}), given)
	}
	assert.Empty(t, traceparent(http.Header{"Traceparent": {good, good}}))
	assert.Empty(t, traceparent(http.Header{}))
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"no-cache": true, "No-Cache": true, "max-stale, no-cache": true, "max-age=0": true, "": false,
		"max-age=10": false, "no-store": false, "x-no-cache": false} {
		assert.Equal(t, want, fresh(http.Header{"Cache-Control": {"x=y", value}}), value)
	}
}

func TestABudgetIsNeverExceeded(t *testing.T) {
	t.Parallel()
	var b budget
	b.limit = 10
	require.True(t, b.take(10))
	require.False(t, b.take(1))
	b.give(10)
	require.False(t, b.take(11))
	require.True(t, b.take(10))
}
