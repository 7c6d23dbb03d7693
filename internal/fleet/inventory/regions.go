package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/ringspan/ringspan/internal/region"
)

// Regions opens a client for every context of the fleet's kubeconfig, in the
// order of their names. Nobody is asked yet: a region may not answer.
func Regions(f Fleet) ([]region.Region, error) {
	file, err := clientcmd.LoadFromFile(f.Kubeconfig())
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("fleet %s has no clusters yet; `ringspan up FILE` makes them", f.Name())
	}
	if err != nil {
		return nil, err
	}
	return regionsIn(file, f.LogsIn())
}

// RunningRegions are those of a fleet by its name; none when it isn't there, or has no clusters that run.
func RunningRegions(ctx context.Context, name string) ([]region.Region, error) {
	known, err := Names()
	if err != nil || !slices.Contains(known, name) {
		return nil, err
	}
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	runs, _, err := f.Running(ctx)
	if err != nil || !runs {
		return nil, nil //nolint:nilerr // then it can't be asked, which the rest of the plan says
	}
	all, err := Regions(f)
	if err != nil {
		return nil, nil //nolint:nilerr // it has no clusters yet, which the rest of the plan says
	}
	return all, nil
}

// regionsIn opens a client for every context of a kubeconfig. ours says that its users are
// logged in by this program.
func regionsIn(file *clientcmdapi.Config, ours bool) (all []region.Region, _ error) {
	for name := range file.Contexts {
		config, err := clientcmd.NewNonInteractiveClientConfig(*file, name, nil, nil).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", name, err)
		}
		if ours {
			logIn(config)
		}
		config.QPS, config.Burst = 50, 100
		config.WarningHandler = rest.NoWarnings{}
		r, err := region.New(name, config)
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", name, err)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b region.Region) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}
