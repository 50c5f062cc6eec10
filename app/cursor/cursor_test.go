package cursor_test

import (
	"context"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/app/cursor"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/domain/id"
)

func codec(key string) *cursor.Codec {
	return cursor.NewCodec(func(context.Context) ([]byte, error) { return []byte(key), nil })
}

func drawID(t *rapid.T) id.ID {
	return id.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
}

func TestACursorReadsBackUnderItsOwnScopeOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := codec("a key that all processes share..")
		last := drawID(t)
		scope := rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "scope")
		other := rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "other")
		text, err := c.Encode(context.Background(), last, scope...)
		require.NoError(t, err)

		read, err := c.Decode(context.Background(), text, scope...)
		require.NoError(t, err)
		require.Equal(t, last, read)

		_, err = c.Decode(context.Background(), text, other...)
		require.Equal(t, !equal(scope, other), fault.Is(err, fault.Malformed))
		_, err = codec("another key, of another service.").Decode(context.Background(), text, scope...)
		require.True(t, fault.Is(err, fault.Malformed))
	})
}

func TestAChangedCursorIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := codec("a key that all processes share..")
		text, err := c.Encode(context.Background(), drawID(t), "list")
		require.NoError(t, err)
		token, err := base64.RawURLEncoding.DecodeString(text)
		require.NoError(t, err)
		bit := rapid.IntRange(0, len(token)*8-1).Draw(t, "bit")
		token[bit/8] ^= 1 << (bit % 8)
		_, err = c.Decode(context.Background(), base64.RawURLEncoding.EncodeToString(token), "list")
		require.True(t, fault.Is(err, fault.Malformed))
	})
}

func TestWhatIsNoCursorIsRefused(t *testing.T) {
	c := codec("a key that all processes share..")
	for _, text := range []string{"", "x", "====", "AQ", "not a cursor", "AQAA\nAA", string(make([]byte, 4096))} {
		_, err := c.Decode(context.Background(), text, "list")
		require.True(t, fault.Is(err, fault.Malformed), "%q", text)
	}
}

func TestAKeyThatCannotBeHadIsNotTheCallersFault(t *testing.T) {
	down := fault.New(fault.Unavailable, "The store does not answer.")
	c := cursor.NewCodec(func(context.Context) ([]byte, error) { return nil, down })
	_, err := c.Encode(context.Background(), id.Nil, "list")
	require.ErrorIs(t, err, down)
	good, err := codec("a key that all processes share..").Encode(context.Background(), id.Nil, "list")
	require.NoError(t, err)
	_, err = c.Decode(context.Background(), good, "list")
	require.True(t, fault.Is(err, fault.Unavailable))
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
