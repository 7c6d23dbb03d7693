package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/doctor/probe"
	"github.com/ringspan/ringspan/internal/network"
)

// probeCommand is what `ringspan doctor` runs in pods.
func probeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "probe", Short: "Measure the network from inside a pod"}
	cmd.AddCommand(probeServeCommand(), probeRunCommand())
	return cmd
}

func probeServeCommand() *cobra.Command {
	var seconds int
	cmd := &cobra.Command{
		Use: "serve", Short: "Answer other probes on the ports of a ring's nodes", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), time.Duration(seconds)*time.Second)
			defer cancel()
			s := &probe.Server{}
			held, err := s.Listen("", network.NodePorts())
			if err != nil {
				return err
			}
			if len(held) > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "ports %v are held by somebody else\n", held)
			}
			s.Serve(ctx)
			return nil
		},
	}
	cmd.Flags().IntVar(&seconds, "seconds", 90, "how long")
	return cmd
}

func probeRunCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Do a task from standard input and print the result", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runProbe(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

// runProbe listens, if it is asked to, until its input ends: others may not be
// done yet.
func runProbe(ctx context.Context, in io.Reader, out io.Writer) error {
	var task probe.Task
	if err := json.NewDecoder(in).Decode(&task); err != nil {
		return fmt.Errorf("the task on standard input: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan struct{})
	s := &probe.Server{}
	if _, err := s.Listen("", task.Listen); err != nil { // what others hold answers too
		return err
	}
	go func() {
		defer close(served)
		s.Serve(ctx)
	}()
	if err := json.NewEncoder(out).Encode(probe.Runner{}.Run(ctx, task)); err != nil {
		return err
	}
	if len(task.Listen) > 0 {
		_, _ = io.Copy(io.Discard, in) // its end is all that counts
	}
	cancel()
	<-served
	return nil
}
