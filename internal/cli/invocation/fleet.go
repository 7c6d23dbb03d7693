package invocation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
)

// Fleet is the one that a verb is about.
type Fleet struct {
	Name string // what --fleet says; "" for the only one on this machine
}

// Flag adds --fleet to all verbs.
func (f *Fleet) Flag(root *cobra.Command) {
	root.PersistentFlags().StringVar(&f.Name, "fleet", "", "use the fleet of this `NAME` (default: the only one on this machine)")
	_ = root.RegisterFlagCompletionFunc("fleet", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		all, _ := inventory.Names() // a completion can't tell of an error
		return all, cobra.ShellCompDirectiveNoFileComp
	})
}

var errNone = errors.New("there is no fleet on this machine, and none elsewhere that it knows; make one with `ringspan up FILE`")

// Known opens the fleet, whether it runs or not.
func (f *Fleet) Known() (inventory.Fleet, error) {
	name, err := f.chosen()
	if err != nil {
		return nil, err
	}
	return inventory.Open(name)
}

// chosen is the fleet's name.
func (f *Fleet) chosen() (string, error) {
	all, err := inventory.Names()
	switch {
	case err != nil:
		return "", err
	case f.Name != "" && !slices.Contains(all, f.Name):
		there := ""
		if len(all) > 0 {
			there = "; there are " + strings.Join(all, ", ")
		}
		return "", fmt.Errorf("--fleet %s: this machine knows no such fleet%s", f.Name, there)
	case f.Name != "":
		return f.Name, nil
	case len(all) == 0:
		return "", errNone
	case len(all) > 1:
		return "", fmt.Errorf("there are several fleets (%s): choose one with --fleet", strings.Join(all, ", "))
	}
	return all[0], nil
}

// statusTimeout bounds the question whether a fleet runs.
const statusTimeout = 10 * time.Second

// Running opens the fleet and its regions; it has to be up.
func (f *Fleet) Running(ctx context.Context) (inventory.Fleet, []region.Region, error) {
	p, err := f.Known()
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

// Load reads the file of a fleet for a verb that looks at its account or changes it.
func (f *Fleet) Load(path string) (*fleet.File, error) {
	file, err := fleet.Load(path)
	if err == nil && f.Name != "" && f.Name != file.Fleet.Name {
		err = fmt.Errorf("--fleet %s: the fleet in %s is %s", f.Name, path, file.Fleet.Name)
	}
	return file, err
}
