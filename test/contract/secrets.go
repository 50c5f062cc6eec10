package contract

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/ports"
)

var secretTests = []storeTest{
	{name: "a secret is made once", run: secretIsMadeOnce},
	{name: "concurrent callers get the same secret", run: concurrentSecrets},
	{name: "a secret is the same in another process", needs: needsSecond, run: secretElsewhere},
	{name: "what is returned and what was given is the caller's own", run: secretIsCallersOwn},
}

func secretOf(t *testing.T, s ports.Store, name string, fresh []byte) []byte {
	t.Helper()
	secret, err := s.Secret(testContext(t), name, fresh)
	require.NoError(t, err)
	return secret
}

func secretIsMadeOnce(t *testing.T, h StoreHarness) {
	s := h.New(t)
	raw := make([]byte, 256)
	for i := range raw {
		raw[i] = byte(i)
	}
	require.Equal(t, raw, secretOf(t, s, "cursor", raw))
	require.Equal(t, raw, secretOf(t, s, "cursor", []byte("another")))
	require.Equal(t, []byte("another"), secretOf(t, s, "Cursor", []byte("another")))
	require.Equal(t, raw, secretOf(t, s, "cursor", nil))
}

func concurrentSecrets(t *testing.T, h StoreHarness) {
	const callers = 16
	s := h.New(t)
	ctx := testContext(t)
	got := make([][]byte, callers)
	parallel(callers, func(i int) {
		var err error
		got[i], err = s.Secret(ctx, "cursor", []byte{byte(i)})
		assertOK(t, err)
	})
	for _, secret := range got {
		require.Equal(t, got[0], secret)
	}
	require.Equal(t, got[0], secretOf(t, s, "cursor", []byte("late")))
}

func secretElsewhere(t *testing.T, h StoreHarness) {
	s := h.New(t)
	other := h.Second(t, s)
	secret := secretOf(t, s, "cursor", []byte("mine"))
	require.Equal(t, secret, secretOf(t, other, "cursor", []byte("theirs")))
}

func secretIsCallersOwn(t *testing.T, h StoreHarness) {
	s := h.New(t)
	fresh := []byte("secret")
	clear(secretOf(t, s, "cursor", fresh))
	clear(fresh)
	clear(secretOf(t, s, "cursor", nil))
	require.Equal(t, []byte("secret"), secretOf(t, s, "cursor", nil))
}
