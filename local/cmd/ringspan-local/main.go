// ringspan-local is the embedded cloud: networks and Kubernetes clusters on one
// Linux machine.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

var version = "v0.1.0" // set at the build

func main() {
	if len(os.Args) == 3 && os.Args[1] == "supervise" { // inside the lab; see cloud.Run
		exit(supervise(os.Args[2]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(newCommand().ExecuteContext(ctx))
}

func exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "Error:", err)
	os.Exit(1)
}
