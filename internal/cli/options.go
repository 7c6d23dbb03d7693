package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ringspan/ringspan/internal/fleet/local"
)

// options are the flags that all verbs share.
type options struct {
	fleet string
}

var errNoFleet = errors.New("there is no fleet on this machine; make one with `ringspan up FILE`")

// cloud finds the fleet that a verb is about.
func (o *options) cloud() (*local.Cloud, error) {
	all, err := local.Names()
	if err != nil {
		return nil, err
	}
	switch {
	case o.fleet != "" && !slices.Contains(all, o.fleet):
		return nil, fmt.Errorf("--fleet %s: there is no such fleet on this machine%s", o.fleet, prefixed("; there are ", strings.Join(all, ", ")))
	case o.fleet != "":
		return local.New(o.fleet)
	case len(all) == 0:
		return nil, errNoFleet
	case len(all) > 1:
		return nil, fmt.Errorf("there are several fleets on this machine (%s): choose one with --fleet", strings.Join(all, ", "))
	}
	return local.New(all[0])
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// statusTimeout bounds the question whether a fleet runs.
const statusTimeout = 10 * time.Second

// running opens the regions of a fleet that is up.
func (o *options) running(ctx context.Context) (*local.Cloud, []region, error) {
	c, err := o.cloud()
	if err != nil {
		return nil, nil, err
	}
	ask, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	s, err := c.Status(ask)
	if err != nil {
		return nil, nil, err
	}
	if !s.Running {
		return nil, nil, fmt.Errorf("fleet %s is not running; `ringspan up FILE` starts it again with its data", c.Name())
	}
	all, err := regions(c)
	return c, all, err
}

func completeFleets(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, _ := local.Names() // a completion can't tell of an error
	return all, cobra.ShellCompDirectiveNoFileComp
}

// regionFlag adds --region, with the names of the fleet's regions as completion.
func (o *options) regionFlag(cmd *cobra.Command, value *string, usage string) {
	cmd.Flags().StringVar(value, "region", "", usage)
	_ = cmd.RegisterFlagCompletionFunc("region", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := o.cloud()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		file, err := clientcmd.LoadFromFile(c.Kubeconfig())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var all []string
		for name := range file.Contexts {
			all = append(all, name)
		}
		slices.Sort(all)
		return all, cobra.ShellCompDirectiveNoFileComp
	})
}

// exists says whether a file is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
