// Headrace keeps who your users are and everything they do: see README.md.
package main

import (
	"context"
	"os"

	"github.com/headrace/headrace/bootstrap"
	"github.com/headrace/headrace/bootstrap/cli"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, release := cli.OnSignals(context.Background(), os.Stderr)
	defer release()
	return bootstrap.Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
}
