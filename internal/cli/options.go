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

	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
)

// options are the flags that all verbs share.
type options struct {
	fleet string
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

var errNoFleet = errors.New("there is no fleet on this machine, and none elsewhere that it knows; make one with `ringspan up FILE`")

// known finds the fleet that a verb is about.
func (o *options) known() (inventory.Fleet, error) {
	name, err := o.chosen()
	if err != nil {
		return nil, err
	}
	return inventory.Open(name)
}

// chosen is the name of the fleet that a verb is about.
func (o *options) chosen() (string, error) {
	all, err := inventory.Names()
	switch {
	case err != nil:
		return "", err
	case o.fleet != "" && !slices.Contains(all, o.fleet):
		return "", fmt.Errorf("--fleet %s: this machine knows no such fleet%s", o.fleet, prefixed("; there are ", strings.Join(all, ", ")))
	case o.fleet != "":
		return o.fleet, nil
	case len(all) == 0:
		return "", errNoFleet
	case len(all) > 1:
		return "", fmt.Errorf("there are several fleets (%s): choose one with --fleet", strings.Join(all, ", "))
	}
	return all[0], nil
}

// statusTimeout bounds the question whether a fleet runs.
const statusTimeout = 10 * time.Second

// running opens the regions of a fleet that is up.
func (o *options) running(ctx context.Context) (inventory.Fleet, []region.Region, error) {
	p, err := o.known()
	if err != nil {
		return nil, nil, err
	}
	ask, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	runs, _, err := p.Running(ask)
	if err != nil {
		return nil, nil, err
	}
	if !runs {
		return nil, nil, fmt.Errorf("fleet %s is not running; `ringspan up FILE` starts it again with its data", p.Name())
	}
	all, err := inventory.Regions(p)
	return p, all, err
}

func completeFleets(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, _ := inventory.Names() // a completion can't tell of an error
	return all, cobra.ShellCompDirectiveNoFileComp
}

// regionFlag adds --region, with the names of the fleet's regions as completion.
func (o *options) regionFlag(cmd *cobra.Command, value *string, usage string) {
	cmd.Flags().StringVar(value, "region", "", usage)
	_ = cmd.RegisterFlagCompletionFunc("region", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := o.known()
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
