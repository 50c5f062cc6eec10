package bootstrap

import (
	"context"
	"sync/atomic"
)

// schemaCheck remembers that the schema was right: from then on an outage of the store says nothing against it.
type schemaCheck struct{ right atomic.Bool }

func (s *schemaCheck) ready(ctx context.Context, ask func(context.Context) error) error {
	if s.right.Load() {
		return nil
	}
	if err := ask(ctx); err != nil {
		return err
	}
	s.right.Store(true)
	return nil
}
