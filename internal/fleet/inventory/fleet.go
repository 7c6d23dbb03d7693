package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/fleet/remote"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// Fleet is one that this machine knows.
type Fleet interface {
	Name() string
	// Kubeconfig is the path of a file with one context a region.
	Kubeconfig() string
	// LogsIn says whether the users of that file are logged in by this program; others' log
	// in as the file says.
	LogsIn() bool
	// Running says whether there is anything to ask, and which faults were injected.
	Running(ctx context.Context) (running bool, faults []ringstatus.Fault, err error)
	// OpenProvider reaches what made the fleet's networks and clusters.
	OpenProvider(ctx context.Context) (provision.Provider, error)
}

// Local is a fleet on this machine.
type Local struct{ *local.Cloud }

// LogsIn implements Fleet.
func (Local) LogsIn() bool { return true }

// Running implements Fleet.
func (l Local) Running(ctx context.Context) (bool, []ringstatus.Fault, error) {
	s, err := l.Status(ctx)
	var all []ringstatus.Fault
	for _, f := range s.Faults {
		all = append(all, ringstatus.Fault(f))
	}
	return s.Running, all, err
}

// OpenProvider implements Fleet.
func (l Local) OpenProvider(ctx context.Context) (provision.Provider, error) {
	s, err := l.Status(ctx)
	if err != nil {
		return nil, err
	}
	if s.Endpoint.URL == "" {
		return nil, fmt.Errorf("fleet %s: %w", l.Name(), ErrNotRunning)
	}
	return aws.Open(ctx, aws.Options{
		Region: globalRegion, Endpoint: s.Endpoint.URL, Name: "the embedded cloud", Pause: aws.ShortPause,
		Keys: aws.Keys{ID: s.Endpoint.AccessKeyID, Secret: s.Endpoint.SecretAccessKey},
	})
}

// AWS is a fleet in AWS. Whether it runs is for its clusters to say.
type AWS struct{ *remote.Fleet }

// LogsIn implements Fleet.
func (AWS) LogsIn() bool { return true }

// Running implements Fleet.
func (f AWS) Running(context.Context) (bool, []ringstatus.Fault, error) {
	_, err := os.Stat(f.Kubeconfig())
	return err == nil, nil, nil
}

// OpenProvider implements Fleet.
func (f AWS) OpenProvider(ctx context.Context) (provision.Provider, error) {
	return Account{Endpoint: f.Endpoint}.Open(ctx)
}

// Names lists the fleets that this machine knows.
func Names() ([]string, error) {
	near, err := local.Names()
	if err != nil {
		return nil, err
	}
	far, err := remote.Names()
	all := slices.Concat(near, far)
	slices.Sort(all)
	return slices.Compact(all), err
}

// Open finds a fleet by its name.
func Open(name string) (Fleet, error) {
	near, err := local.Names()
	if err != nil {
		return nil, err
	}
	f, err := remote.Open(name)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, err
	case err == nil && slices.Contains(near, name):
		return nil, fmt.Errorf("there are two fleets named %s: one on this machine, one %s; give each its own $RINGSPAN_HOME", name, elsewhere(f))
	case err == nil && f.Provider == remote.Existing:
		return Existing{f}, nil
	case err == nil:
		return AWS{f}, nil
	}
	c, err := local.New(name)
	return Local{c}, err
}

// elsewhere says where a fleet is that isn't on this machine.
func elsewhere(f *remote.Fleet) string {
	if f.Provider == remote.Existing {
		return "in clusters of " + f.Account
	}
	return "in AWS"
}
