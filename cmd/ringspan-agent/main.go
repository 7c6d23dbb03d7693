// ringspan-agent is the first process of a Cassandra container.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/ringspan/ringspan/internal/agent"
	"github.com/ringspan/ringspan/internal/version"
)

const usage = `usage: ringspan-agent COMMAND

  run            write Cassandra's configuration, answer the management API, run Cassandra when asked
  install DIR    copy this program and its jars to a directory
  logs FILE      follow a log file
  version        print the version
`

func main() {
	debug.SetGCPercent(50) // a small resident set matters more than a little processor time
	if err := command(os.Args[1:]); err != nil {
		agent.SayLast(os.Stderr, "ringspan-agent:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "run":
		config, err := agent.FromEnvironment(os.Getenv)
		if err != nil {
			_ = os.WriteFile("/dev/termination-log", []byte(err.Error()), 0o644) // best effort
			return err
		}
		port := os.Getenv("MGMT_API_LISTEN_TCP_PORT")
		if port == "" {
			port = "8080"
		}
		return agent.Run(config, port)
	case len(args) == 2 && args[0] == "install":
		return agent.Install(args[1])
	case len(args) == 2 && args[0] == "logs":
		return agent.Follow(args[1], os.Stdout)
	case len(args) == 1 && args[0] == "version":
		fmt.Println("ringspan-agent", version.Version)
		return nil
	}
	fmt.Fprint(os.Stderr, usage)
	os.Exit(2)
	return nil
}
