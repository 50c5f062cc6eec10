// Package trace carries the W3C traceparent of a request to the log entries that it writes.
package trace

import "context"

type key struct{}

// With returns a context that carries a traceparent.
func With(ctx context.Context, parent string) context.Context {
	return context.WithValue(ctx, key{}, parent)
}

// Parent returns the traceparent that ctx carries; empty: none.
func Parent(ctx context.Context) string {
	parent, _ := ctx.Value(key{}).(string)
	return parent
}
