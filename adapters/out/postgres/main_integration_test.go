//go:build integration

package postgres_test

import (
	"testing"

	"github.com/headrace/headrace/adapters/out/postgres"
	"github.com/headrace/headrace/test/fixture"
)

func TestMain(m *testing.M) {
	fixture.MigrateTemplate = postgres.Migrate
	fixture.Main(m)
}
