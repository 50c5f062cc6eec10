package cached

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
	"github.com/headrace/headrace/ports"
)

func drawUser(t *rapid.T) user.User {
	instant := func(label string) time.Time {
		return time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, label)).UTC()
	}
	return user.Restore(user.State{
		ID:         id.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
		ExternalID: rapid.String().Draw(t, "external id"), Email: rapid.String().Draw(t, "email"),
		FirstName: rapid.String().Draw(t, "first name"), LastName: rapid.String().Draw(t, "last name"),
		Attributes: document.Stored(rapid.SampledFrom([]string{"{}", `{"a":1.50}`, `{"b":"\u00e9"}`}).Draw(t, "attributes")),
		Version:    rapid.Int64Min(1).Draw(t, "version"), CreatedAt: instant("created"), UpdatedAt: instant("updated"),
	})
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := drawUser(t)
		got, ok := decode(u.ID(), encode(u))
		require.True(t, ok)
		require.Equal(t, u.State(), got.State())
		require.True(t, u.State() == got.State(), "equal as the domain compares")
	})
}

func TestWhatIsNotWholeIsNotDecoded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := drawUser(t)
		c := encode(u)
		for cut := range c.Value {
			_, ok := decode(u.ID(), ports.Cached{Version: c.Version, Value: c.Value[:cut]})
			require.False(t, ok, "%d of %d bytes", cut, len(c.Value))
		}
		_, ok := decode(u.ID(), ports.Cached{Version: c.Version, Value: append(c.Value, 0)})
		require.False(t, ok, "a byte too many")
		other := u.ID()
		other[15]++
		_, ok = decode(other, c)
		require.False(t, ok, "another user")
		c.Value[0] = encoding + 1
		_, ok = decode(u.ID(), c)
		require.False(t, ok, "another encoding")
	})
}

func TestAnyBytesAreDecodedOrNot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		uid := id.ID{1}
		value := append(append([]byte{encoding}, uid[:]...), rapid.SliceOf(rapid.Byte()).Draw(t, "rest")...)
		decode(uid, ports.Cached{Version: 1, Value: value}) // doesn't panic
	})
}
