//go:build integration

package redis

import (
	"testing"

	"github.com/headrace/headrace/test/fixture"
)

func TestMain(m *testing.M) { fixture.Main(m, lingering) }
