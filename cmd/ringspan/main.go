// ringspan makes one Apache Cassandra ring span Kubernetes clusters, regions
// and clouds. The same program is the operator of a region.
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
	defer stop()
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
