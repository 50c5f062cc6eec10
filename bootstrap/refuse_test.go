package bootstrap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/bootstrap"
)

// What only an adapter can tell about a setting is refused like everything else that is wrong with the configuration:
// by its key, with status 2, without its secrets, and before anything is touched.
func TestWhatAnAdapterRefusesNamesItsSetting(t *testing.T) {
	for name, c := range map[string]struct{ args []string }{
		"store.url": {[]string{"--store-url", "postgres://ada:hunter2@127.0.0.1:1/db?sslmode=bogus"}},
		"cache.url": {[]string{"--cache-url", "redis://ada:hunter2@127.0.0.1:1/0?max_retries=3"}},
	} {
		dir := t.TempDir() + "/data"
		var out, errs screen
		args := append([]string{"serve", "--http-addr", "127.0.0.1:0", "--data-dir", dir}, c.args...)
		require.Equal(t, 2, bootstrap.Main(t.Context(), args, &out, &errs), "%s: %s", name, &errs.text)
		require.Contains(t, errs.text.String(), name)
		require.NotContains(t, errs.text.String(), "hunter2")
		require.NoDirExists(t, dir)
	}
}
