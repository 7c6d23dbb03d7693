package up

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
)

// awsTimeout is how long up has in AWS, where a control plane alone takes some ten
// minutes, and nodes and add-ons come after it.
const awsTimeout = time.Hour

// about is up's help.
const about = `Up reads a file with one Fleet, the K8ssandraClusters that live in it and the
Secrets that they name, checks all of it, and brings it about: networks, clusters,
the operator in every region, the rings. Nothing is made of a file with a mistake.

Before a ring boots for the first time, the regions prove that they reach each
other; until they do, up says what is wrong and waits (see ringspan doctor).

It may be interrupted or killed at any moment, and run again: it goes on from what
is there. When everything is as the file says, it changes nothing. Up ends when the
rings are ready and everything that the file asks of them is done: when nodes restart
for an edit it shows how many are as the file says, and waits for the last. --wait=false
returns when that is asked for, and --timeout when it takes longer; what is under way
goes on all the same. While one up
works on a fleet, a second one waits for it.

What holds data (clusters, node groups, VPCs) is never deleted, whatever has become
of the file and whatever options leave out; with --prune what is no longer in the
file, has failed or is there twice is listed by name and deleted when you agree.

Where a ring asks for consent (annotation ringspan.io/consent: required), up first shows
what the edit does to its nodes, as ringspan plan does, and goes on when you agree.

A region that doesn't answer keeps up from nothing in the others: it is left out and
named, and the exit code is 3. A ring that isn't there yet begins only when all of its
regions answer. The same command, run again, does the rest.`

const examples = `  ringspan up examples/article.yaml
  ringspan up examples/article.yaml --wait=false   # return when the ring is asked for
  ringspan up examples/article.yaml -o json        # the ring and how long each phase took`

// Command is the verb up.
func Command(f *invocation.Fleet) *cobra.Command {
	var timeout time.Duration
	var output invocation.Output
	var wait, proof, yes bool
	var a invocation.Account
	var s lifecycle.Scope
	cmd := &cobra.Command{
		Use: "up FILE", Short: "Bring a fleet and its rings up, from whatever there is", Args: invocation.One("FILE"),
		Long:              about,
		Example:           examples,
		ValidArgsFunction: invocation.CompleteYAML,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			file, err := fleet.Load(args[0])
			if err != nil {
				return fmt.Errorf("nothing was made:\n%w", err)
			}
			if f.Name != "" && f.Name != file.Fleet.Name {
				return fmt.Errorf("nothing was made: --fleet %s: the fleet in %s is %s", f.Name, args[0], file.Fleet.Name)
			}
			u := &run{file: file, account: a.Account, wait: wait, proof: proof, scope: s, yes: yes, json: output.Format == "json", in: cmd.InOrStdin(), out: cmd.OutOrStdout(), errOut: cmd.ErrOrStderr()}
			if file.Fleet.Spec.Provider == fleetv1.ProviderAWS && !cmd.Flags().Changed("timeout") {
				timeout = awsTimeout
			}
			return u.up(cmd.Context(), timeout)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 15*time.Minute, "give up after `TIME`, such as 90s or 10m; provider aws takes 1h if you say nothing")
	cmd.Flags().BoolVar(&wait, "wait", true, "wait until the rings are ready and have all that the file asks for; --wait=false returns when it is asked for")
	cmd.Flags().BoolVar(&proof, "prove", true, "start no ring before its regions reach each other")
	output.Flag(cmd, "text", "json")
	a.Flag(cmd)
	cmd.Flags().BoolVar(&s.Infrastructure, "infrastructure-only", false, "make networks and clusters, no rings")
	cmd.Flags().BoolVar(&s.Network, "network-only", false, "make networks and what connects them, no clusters")
	cmd.Flags().BoolVar(&s.Prune, "prune", false, "delete what is no longer in the file, with the data in it, after asking")
	cmd.Flags().BoolVar(&yes, "yes", false, "don't ask: let --prune delete, and consent to what a ring asks for")
	return cmd
}
