package contract

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/ports"
)

var healthTests = []storeTest{
	{name: "a new store answers and is ready", run: storeIsWell},
	{name: "an identity is short, and stays", run: identityStays},
	{name: "an identity is the same in another process", needs: needsSecond, run: identityElsewhere},
}

func identityOf(t *testing.T, s ports.Store) string {
	t.Helper()
	identity, err := s.Identity(testContext(t))
	require.NoError(t, err)
	return identity
}

func storeIsWell(t *testing.T, h StoreHarness) {
	s := h.New(t)
	require.NoError(t, s.Ping(testContext(t)))
	require.NoError(t, s.Ready(testContext(t)))
}

var identityPattern = regexp.MustCompile(`^[!-~]{1,80}$`)

func identityStays(t *testing.T, h StoreHarness) {
	s := h.New(t)
	identity := identityOf(t, s)
	require.Regexp(t, identityPattern, identity)
	accepted(t, s, entriesOfUsers(t, s, 3)...)
	publish(t, s, lead(t, s, "a"), roomy)
	require.Equal(t, identity, identityOf(t, s))
}

func identityElsewhere(t *testing.T, h StoreHarness) {
	s := h.New(t)
	identity := identityOf(t, s)
	other := h.Second(t, s)
	require.NoError(t, other.Ready(testContext(t)))
	require.Equal(t, identity, identityOf(t, other))
	require.Equal(t, identity, identityOf(t, s))
}
