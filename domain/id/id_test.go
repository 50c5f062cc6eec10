package id_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/domain/id"
)

// instant draws an instant that an id can carry, to the nanosecond.
func instant(t *rapid.T, label string) time.Time {
	micros := rapid.Int64Range(id.Earliest.UnixMicro(), id.Latest.UnixMicro()).Draw(t, label)
	return time.UnixMicro(micros).Add(time.Duration(rapid.IntRange(0, 999).Draw(t, label+" nanoseconds")))
}

func random(t *rapid.T, label string) (r [8]byte) {
	copy(r[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, label))
	return r
}

func TestAnIDCarriesItsInstantToTheMicrosecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := instant(t, "at")
		u := id.New(at, random(t, "random"))
		require.Equal(t, min(at.UnixMicro(), id.Latest.UnixMicro()), u.Time().UnixMicro())
		require.Equal(t, time.UTC, u.Time().Location())
		require.Equal(t, byte(7), u[6]>>4, "version")
		require.Equal(t, byte(2), u[8]>>6, "variant")
	})
}

func TestIDsAreInTheOrderOfTheirInstants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := instant(t, "a"), instant(t, "b")
		if rapid.Bool().Draw(t, "near") {
			b = a.Add(time.Duration(rapid.IntRange(-3000, 3000).Draw(t, "apart")))
		}
		x, y := id.New(a, random(t, "x")), id.New(b, random(t, "y"))
		if order := x.Time().Compare(y.Time()); order != 0 {
			require.Equal(t, order, bytes.Compare(x[:], y[:]))
		}
	})
}

func TestFirstBoundsARangeOfTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := instant(t, "from").Truncate(time.Microsecond)
		at := instant(t, "at")
		if rapid.Bool().Draw(t, "near") {
			at = from.Add(time.Duration(rapid.IntRange(-3000, 3000).Draw(t, "apart")))
		}
		u, first := id.New(at, random(t, "random")), id.First(from)
		require.Equal(t, !u.Time().Before(first.Time()), bytes.Compare(u[:], first[:]) >= 0)
	})
}

func TestInstantsThatNoIDCanCarryGoToTheNearest(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Time]time.Time{
		{}:                              id.Earliest,
		id.Earliest.Add(-1):             id.Earliest,
		id.Latest.Add(1):                id.Latest,
		id.Latest.AddDate(10_000, 0, 0): id.Latest,
	} {
		require.Equal(t, want, id.First(at).Time())
		require.Equal(t, want, id.New(at, [8]byte{}).Time())
	}
	require.GreaterOrEqual(t, id.Latest.Year(), 9999)
}

func TestIDsOfOthersTellTheirMillisecond(t *testing.T) {
	t.Parallel()
	u, err := id.Parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F") // RFC 9562, appendix A.6
	require.NoError(t, err)
	require.Equal(t, time.Date(2022, 2, 22, 19, 22, 22, 0, time.UTC), u.Time().Truncate(time.Millisecond))
	require.Equal(t, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", u.String())
}

func TestTextIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var u id.ID
		copy(u[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		for _, text := range []string{u.String(), strings.ToUpper(u.String())} {
			got, err := id.Parse(text)
			require.NoError(t, err)
			require.Equal(t, u, got)
		}
	})
}

func TestWhatIsNoUUID(t *testing.T) {
	t.Parallel()
	const good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
	for _, text := range []string{
		"", " ", "x", good[1:], good + "0", " " + good, good + "\n", "{" + good + "}", "urn:uuid:" + good,
		strings.ReplaceAll(good, "-", ""), strings.ReplaceAll(good, "-", "_"), "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc3-98c4-dc0c0c0739-f", "017f22e2-79b0-7cc3-98c4-dc0c0c0739é",
		"-17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "+17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "0x7f22e2-79b0-7cc3-98c4-dc0c0c07398f",
	} {
		u, err := id.Parse(text)
		require.ErrorIs(t, err, id.ErrSyntax, "%q", text)
		require.Equal(t, id.Nil, u)
	}
	u, err := id.Parse("00000000-0000-0000-0000-000000000000")
	require.NoError(t, err)
	require.Equal(t, id.Nil, u)
}
