//go:build !cgo

package sqlite

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWithoutCgo is for CGO_ENABLED=0 go test -run TestWithoutCgo.
func TestWithoutCgo(t *testing.T) {
	_, err := Open(t.Context(), Config{Path: t.TempDir()})
	require.ErrorIs(t, err, errNoCgo)
	require.ErrorContains(t, err, "a C compiler and CGO_ENABLED=1")
	_, err = Migrate(t.Context(), Config{Path: t.TempDir()})
	require.ErrorIs(t, err, errNoCgo)
}
