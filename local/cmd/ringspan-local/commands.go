package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/local/cloud"
)

func supervise(state string) error { return cloud.Supervise(cloud.State(state)) }

// options are the flags that several commands share.
type options struct {
	state, config, output string
}

func (o *options) client() (*cloud.Client, cloud.State, error) {
	if o.state == "" {
		return nil, "", errors.New("--state: name the lab's state directory")
	}
	state, err := filepath.Abs(o.state)
	return cloud.NewClient(cloud.State(state)), cloud.State(state), err
}

func newCommand() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "ringspan-local",
		Short: "A small cloud on one Linux machine",
		Long: `ringspan-local is an account of AWS on one Linux machine: it answers AWS's API, its
VPCs are real network namespaces with routes and packet filters, and its EKS
clusters are real Kubernetes clusters whose containers are plain processes. It
needs no container engine, changes nothing of the host's network, and runs as root
or, where the kernel has user namespaces, as any user.

Everything lies in one state directory. Usually "ringspan up" drives it.`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&o.state, "state", os.Getenv("RINGSPAN_STATE"), "the lab's state directory (default: $RINGSPAN_STATE)")
	root.AddCommand(runCommand(o), startCommand(o), stopCommand(o), statusCommand(o), kubeconfigCommand(o), faultCommand(o), serveCommand(o), &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "ringspan-local", version) },
	})
	return root
}

func runCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "run", Short: "Run the lab in the foreground", Args: cobra.NoArgs,
		Long: "Run runs the lab until it is interrupted. When this process ends, however it ends,\neverything of the lab ends with it; its data stays.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, state, err := o.client()
			if err != nil {
				return err
			}
			config, err := cloud.ReadConfig(o.config)
			if err != nil {
				return err
			}
			return cloud.Run(cmd.Context(), state, config)
		},
	}
	cmd.Flags().StringVar(&o.config, "config", "", "file that describes the account (JSON)")
	_ = cmd.MarkFlagRequired("config")
	return cmd
}

func startCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "start", Short: "Start the lab in the background and wait until it is ready", Args: cobra.NoArgs,
		Long: "Start waits until the API answers and all that the account had runs again. It\nreturns at once when the lab runs already. A start during another joins it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, _, err := o.client()
			if err != nil {
				return err
			}
			config, err := cloud.ReadConfig(o.config)
			if err != nil {
				return err
			}
			return client.Start(cmd.Context(), config, reporter(o.output, cmd.OutOrStdout()))
		},
	}
	cmd.Flags().StringVar(&o.config, "config", "", "file that describes the account (JSON)")
	cmd.Flags().StringVarP(&o.output, "output", "o", "text", "text, or json: one object a line")
	_ = cmd.MarkFlagRequired("config")
	return cmd
}

func reporter(format string, to io.Writer) func(cloud.Event) {
	encoder := json.NewEncoder(to)
	return func(e cloud.Event) {
		if format == "json" {
			_ = encoder.Encode(e) // a closed pipe ends the program anyway
			return
		}
		where := ""
		if e.Region != "" {
			where = e.Region + ": "
		}
		fmt.Fprintf(to, "%7.2fs  %s%s%s\n", e.Seconds, where, e.Message, e.Error)
	}
}

func stopCommand(o *options) *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use: "stop", Short: "Stop the lab; its data stays", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, _, err := o.client()
			if err != nil {
				return err
			}
			return client.Stop(cmd.Context(), now)
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "end everything at once, without letting databases flush")
	return cmd
}

func statusCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show the clusters, their nodes and the faults in force", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, _, err := o.client()
			if err != nil {
				return err
			}
			s, err := client.Status(cmd.Context())
			if err != nil {
				return err
			}
			if o.output == "json" {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(s)
			}
			return printStatus(cmd.OutOrStdout(), s)
		},
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "text", "text or json")
	return cmd
}

func printStatus(to io.Writer, s cloud.Status) error {
	if !s.Running {
		_, err := fmt.Fprintln(to, "not running")
		return err
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if s.Endpoint != nil { // without its secret: this is for people's screens
		fmt.Fprintln(w, "API at", s.Endpoint.Endpoint)
	}
	fmt.Fprintln(w, "REGION\tCLUSTER\tNODE\tZONE\tADDRESS\tREADY")
	for _, r := range s.Regions {
		for _, n := range r.Nodes {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%t\n", r.Name, r.Cluster, n.Name, n.Zone, n.Address, n.Ready)
		}
	}
	for _, f := range s.Faults {
		fmt.Fprintf(w, "fault: %s %v since %s\n", f.Kind, f.Args, f.Since.Format("15:04:05"))
	}
	if s.Message != "" {
		fmt.Fprintln(w, s.Message)
	}
	return w.Flush()
}

func kubeconfigCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "kubeconfig", Short: "Write a file with one context a cluster, as its administrator, and print the path", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, state, err := o.client()
			if err != nil {
				return err
			}
			path, err := state.WriteKubeconfig()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), path)
			return err
		},
	}
}

func faultCommand(o *options) *cobra.Command {
	root := &cobra.Command{
		Use: "fault", Short: "Disturb the lab, and mend it again",
		Long: "Fault disturbs a running lab as real networks and machines do. Faults of the network\nlast until they are healed; what happens to nodes and processes happens once.",
	}
	inject := func(client *cloud.Client, ctx context.Context, kind string, args []string) error {
		return client.Fault(ctx, kind, args)
	}
	for _, f := range []struct {
		use, short string
		args       int
	}{
		{"cut REGION", "Cut a region off from all others", 1},
		{"cut-link A B", "Cut two regions off from each other", 2},
		{"drop A B PORT", "Drop what goes from A to a TCP port in B", 3},
		{"mtu A B BYTES", "Limit the packets between two regions", 3},
		{"icmp A B", "Drop ICMP between two regions, so that nobody is told of packets that are too large", 2},
		{"snat REGION", "Let a region's pods be seen with their nodes' addresses by everybody outside its VPC", 1},
		{"dns REGION", "Let a region's DNS be silent", 1},
		{"clock REGION OFFSET", "Let the clocks of a region's containers be wrong, by 2s or (after --) -2s", 2},
		{"kill-node REGION/NODE", "Power a node off; it comes back like a rebooted machine", 1},
		{"kill REGION/COMPONENT", "kill -9 one process of a region's cluster", 1},
		{"roll-addresses REGION", "Restart a region's pods with other addresses, node after node", 1},
	} {
		root.AddCommand(faultVerb(o, f.use, f.short, f.args, inject))
	}
	heal := faultVerb(o, "heal [FAULT [ARGS]]", "End all faults of the network, or those named", -1, func(client *cloud.Client, ctx context.Context, _ string, args []string) error {
		if len(args) == 0 {
			return client.Heal(ctx, "", nil)
		}
		return client.Heal(ctx, args[0], args[1:])
	})
	root.AddCommand(heal)
	return root
}

func faultVerb(o *options, use, short string, count int, do func(*cloud.Client, context.Context, string, []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, args []string) error {
		client, _, err := o.client()
		if err != nil {
			return err
		}
		return do(client, cmd.Context(), cmd.Name(), args)
	}}
	if count >= 0 {
		cmd.Args = cobra.ExactArgs(count)
	}
	return cmd
}
