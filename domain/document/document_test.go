package document_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/headrace/headrace/domain/document"
)

func TestObjectsAreKeptAsSentButForWhiteSpace(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{}`:                        `{}`,
		" \t\r\n{ \n } \n":          `{}`,
		`{ "b" : 1 , "a" : [ 2 ] }`: `{"b":1,"a":[2]}`,
		`{"n":[1.0,1E5,-0,12345678901234567890,0.10]}`: `{"n":[1.0,1E5,-0,12345678901234567890,0.10]}`,
		`{" a b ":" \n\u0041\/< > & "}`:                `{" a b ":" \n\u0041\/< > & "}`,
		"{\"x\":\"\u2028😀\"}":                          "{\"x\":\"\u2028😀\"}",
	} {
		o, err := document.Parse([]byte(raw), 100)
		require.NoError(t, err, raw)
		require.Equal(t, want, o.String())
		require.Equal(t, document.Stored(want), o)
		same := o == document.Stored(want)
		require.True(t, same, "the operator tells them apart")
		text, err := json.Marshal(document.Stored(`{}`))
		require.NoError(t, err)
		require.Equal(t, `{}`, string(text))
	}
}

func TestWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		``, ` `, `null`, `[]`, `"{}"`, `1`, `{`, `{}}`, `{} {}`, `{}x`, `{"a":1,}`, `{'a':1}`, `{a:1}`, `{"a"}`, "\ufeff{}", "\u00a0{}", `{"a":01}`, `{"a":NaN}`,
	} {
		_, err := document.Parse([]byte(raw), 100)
		require.ErrorIs(t, err, document.ErrNotObject, "%q", raw)
	}
}

func TestTheLimitIsThatOfTheTextWithoutWhiteSpace(t *testing.T) {
	t.Parallel()
	raw := []byte(`{ "a" : "` + strings.Repeat("é", 10) + `" }`)
	size := len(`{"a":""}`) + 20
	o, err := document.Parse(raw, size)
	require.NoError(t, err)
	require.Len(t, o.String(), size)
	_, err = document.Parse(raw, size-1)
	require.ErrorIs(t, err, document.ErrTooLarge)
}

func TestTheZeroObjectIsEmpty(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{}`, document.Object{}.String())
	var zero document.Object
	require.Equal(t, document.Stored(`{}`), zero)
}

func TestParsingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.MapOf(rapid.String(), rapid.OneOf(rapid.Float64().AsAny(), rapid.String().AsAny(), rapid.Bool().AsAny())).Draw(t, "members")
		raw, err := json.MarshalIndent(members, " ", "\t")
		require.NoError(t, err)
		once, err := document.Parse(raw, 1<<20)
		require.NoError(t, err)
		again, err := document.Parse([]byte(once.String()), len(once.String()))
		require.NoError(t, err)
		require.Equal(t, once, again)
		require.JSONEq(t, string(raw), again.String())
	})
}
