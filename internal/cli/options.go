package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

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

// statusTimeout bounds the question whether a fleet runs.
const statusTimeout = 10 * time.Second

// running opens the regions of a fleet that is up.
func (o *options) running(ctx context.Context) (place, []region.Region, error) {
	p, err := o.place()
	if err != nil {
		return nil, nil, err
	}
	ask, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	runs, _, err := p.look(ask)
	if err != nil {
		return nil, nil, err
	}
	if !runs {
		return nil, nil, fmt.Errorf("fleet %s is not running; `ringspan up FILE` starts it again with its data", p.Name())
	}
	all, err := regions(p)
	return p, all, err
}

func completeFleets(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, _ := names() // a completion can't tell of an error
	return all, cobra.ShellCompDirectiveNoFileComp
}

// regionFlag adds --region, with the names of the fleet's regions as completion.
func (o *options) regionFlag(cmd *cobra.Command, value *string, usage string) {
	cmd.Flags().StringVar(value, "region", "", usage)
	_ = cmd.RegisterFlagCompletionFunc("region", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := o.place()
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
