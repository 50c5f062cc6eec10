package users_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/app/users"
	"github.com/headrace/headrace/domain/document"
	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/domain/user"
)

func TestAnEntrysDataReadsBackAsTheUser(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 123456000, time.UTC)
	external := `crm/<42>&"x"`
	attributes, err := document.Parse([]byte(`{"z":1.50,"a":{"n":1E3},"<b>":"\u2028 &"}`), user.MaxAttributes)
	require.NoError(t, err)
	u, err := user.New(id.New(at, [8]byte{1}), user.Draft{Email: "Ada@example.com", FirstName: "Ada ♥", LastName: "<Lovelace>",
		ExternalID: &external, Attributes: attributes})
	require.NoError(t, err)

	text := users.Document(u, false).String()
	require.Contains(t, text, `"attributes":{"z":1.50,"a":{"n":1E3},"<b>":"\u2028 &"}`, "the text of attributes is kept")
	require.Contains(t, text, `"created_at":"2026-05-04T03:02:01.123456Z"`)
	read, err := users.FromDocument(document.Stored(text))
	require.NoError(t, err)
	require.Equal(t, u, read)
}

func TestOfADeletedUserOnlyIDAndVersionAreTold(t *testing.T) {
	u, err := user.New(id.New(time.Now(), [8]byte{1}), user.Draft{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
	require.NoError(t, err)
	last := u.Deleted(time.Now())
	require.JSONEq(t, `{"id":"`+u.ID().String()+`","version":2}`, users.Document(last, true).String())
	read, err := users.FromDocument(users.Document(last, true))
	require.NoError(t, err)
	require.Equal(t, last.ID(), read.ID())
	require.Equal(t, last.Version(), read.Version())
}

func TestForeignDataIsRefused(t *testing.T) {
	for _, text := range []string{`[]`, `{}`, `{"id":"x"}`, `{"id":"0197a1b2-0000-7000-8000-000000000000","created_at":"yesterday"}`} {
		_, err := users.FromDocument(document.Stored(text))
		require.Error(t, err, text)
	}
}
