//go:build integration

package cached

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/test/fixture"
)

func TestMain(m *testing.M) {
	// The client's attempts to connect again look every second whether it was closed.
	fixture.Main(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}
