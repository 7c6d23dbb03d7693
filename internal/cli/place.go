package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/fleet/remote"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// place is where a fleet lives: this machine, or a cloud.
type place interface {
	Name() string
	// Kubeconfig is the path of a file with one context a region.
	Kubeconfig() string
	// look says whether there is anything to ask, and what was injected to disturb
	// it.
	look(ctx context.Context) (running bool, faults []ringstatus.Fault, err error)
	// open reaches the account of AWS that the fleet lives in.
	open(ctx context.Context) (*aws.Cloud, error)
}

// here is a fleet on this machine.
type here struct{ *local.Cloud }

func (h here) look(ctx context.Context) (bool, []ringstatus.Fault, error) {
	s, err := h.Status(ctx)
	var all []ringstatus.Fault
	for _, f := range s.Faults {
		all = append(all, ringstatus.Fault(f))
	}
	return s.Running, all, err
}

func (h here) open(ctx context.Context) (*aws.Cloud, error) {
	s, err := h.Status(ctx)
	if err != nil {
		return nil, err
	}
	if s.Endpoint.URL == "" {
		return nil, fmt.Errorf("fleet %s: %w", h.Name(), errNotRunning)
	}
	return aws.Open(ctx, aws.Options{
		Region: globalRegion, Endpoint: s.Endpoint.URL, Name: "the embedded cloud", Pause: aws.ShortPause,
		Keys: aws.Keys{ID: s.Endpoint.AccessKeyID, Secret: s.Endpoint.SecretAccessKey},
	})
}

// away is a fleet in AWS. Whether it runs is for its clusters to say.
type away struct{ *remote.Fleet }

func (a away) look(context.Context) (bool, []ringstatus.Fault, error) {
	return exists(a.Kubeconfig()), nil, nil
}

func (a away) open(ctx context.Context) (*aws.Cloud, error) {
	return account{endpoint: a.Endpoint}.open(ctx)
}

var errNoFleet = errors.New("there is no fleet on this machine, and none elsewhere that it knows; make one with `ringspan up FILE`")

// names lists the fleets that this machine knows.
func names() ([]string, error) {
	near, err := local.Names()
	if err != nil {
		return nil, err
	}
	far, err := remote.Names()
	all := slices.Concat(near, far)
	slices.Sort(all)
	return slices.Compact(all), err
}

// place finds the fleet that a verb is about.
func (o *options) place() (place, error) {
	name, err := o.chosen()
	if err != nil {
		return nil, err
	}
	return open(name)
}

// open finds a fleet by its name.
func open(name string) (place, error) {
	near, err := local.Names()
	if err != nil {
		return nil, err
	}
	f, err := remote.Open(name)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, err
	case err == nil && slices.Contains(near, name):
		return nil, fmt.Errorf("there are two fleets named %s: one on this machine, one in AWS; give each its own $RINGSPAN_HOME", name)
	case err == nil:
		return away{f}, nil
	}
	c, err := local.New(name)
	return here{c}, err
}

// chosen is the name of the fleet that a verb is about.
func (o *options) chosen() (string, error) {
	all, err := names()
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
