// ringspan makes one Apache Cassandra ring span Kubernetes clusters, regions
// and clouds.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/ringspan/ringspan/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
