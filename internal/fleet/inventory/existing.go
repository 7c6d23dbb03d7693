package inventory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/ringspan/ringspan/internal/fleet/existing"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/fleet/remote"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// Existing is a fleet in clusters that were there before it.
type Existing struct{ *remote.Fleet }

// OpenExisting is the fleet of a file, with what this machine has on record of it. account
// is the kubeconfig of one that isn't known yet. Nothing is written.
func OpenExisting(name, account string) (Existing, error) {
	f, err := remote.OpenOrNew(name, remote.Record{Provider: remote.Existing, Account: account})
	return Existing{f}, err
}

// LogsIn implements Fleet: the users are whoever their kubeconfig says.
func (Existing) LogsIn() bool { return false }

// Running implements Fleet.
func (f Existing) Running(context.Context) (bool, []ringstatus.Fault, error) {
	_, err := os.Stat(f.Kubeconfig())
	return err == nil, nil, nil
}

// OpenProvider implements Fleet.
func (f Existing) OpenProvider(context.Context) (provision.Provider, error) {
	return existing.Open(f.Kubeconfig())
}

// Reach opens the clusters of a file, whatever this machine has saved of them.
func (Existing) Reach(p provision.Provider, endpoints []provision.Endpoint) ([]region.Region, error) {
	config, err := configOf(p, endpoints)
	if err != nil {
		return nil, err
	}
	return regionsIn(config, false)
}

// Identify tells which cluster answers for a region. That it is another one than is on
// record is an error.
func (f Existing) Identify(ctx context.Context, r region.Region) (string, error) {
	id, err := r.Cluster(ctx)
	if err != nil {
		return "", err
	}
	if was := f.Clusters[r.Name]; was != "" && was != id {
		return "", fmt.Errorf("the cluster at %s is not the one that fleet %s was brought up in: its namespace kube-system has the UID %s, and %s has %s for region %s; choose the context (or $KUBECONFIG) of that cluster; if it is gone for good and this one takes its place, take the region's UID out of that file (\"\")", r.Config.Host, f.Name(), id, f.RecordFile(), was, r.Name)
	}
	return id, nil
}

// RefuseDropped is an error when regions that this machine has on record are not among
// those that will be asked: what is in their clusters would be forgotten.
func (f Existing) RefuseDropped(asked []string) error {
	var dropped []string
	for _, name := range f.onRecord() {
		if !slices.Contains(asked, name) {
			dropped = append(dropped, name)
		}
	}
	if len(dropped) == 0 {
		return nil
	}
	return fmt.Errorf("fleet %s has a region that would not be asked: %s; put it back into the file (`ringspan down --fleet %s` asks every region that is known); docs/guide/existing.md shows how a region leaves a fleet; %s is the record", f.Name(), strings.Join(dropped, ", "), f.Name(), f.RecordFile())
}

// onRecord are the regions that are known, in order. Records of before have no clusters;
// then the saved kubeconfig tells.
func (f Existing) onRecord() []string {
	if f.Clusters != nil {
		return slices.Sorted(maps.Keys(f.Clusters))
	}
	saved, err := clientcmd.LoadFromFile(f.Kubeconfig())
	if err != nil {
		return nil // nothing was saved
	}
	return slices.Sorted(maps.Keys(saved.Contexts))
}

// SaveKubeconfig writes the contexts of the user's kubeconfig, named like the regions, and
// which cluster each is. A region without one, which hasn't answered, keeps the context
// that was saved: nobody knows where the new one leads.
func (f Existing) SaveKubeconfig(p provision.Provider, endpoints []provision.Endpoint, clusters map[string]string) error {
	config, err := configOf(p, endpoints)
	if err != nil {
		return err
	}
	record := map[string]string{}
	var silent []string
	if err := f.RefuseDropped(slices.Collect(maps.Keys(config.Contexts))); err != nil {
		return err
	}
	for _, e := range endpoints {
		if record[e.Region] = clusters[e.Region]; record[e.Region] == "" {
			record[e.Region] = f.Clusters[e.Region]
			silent = append(silent, e.Region)
		}
	}
	if err := f.keepSaved(config, silent); err != nil {
		return err
	}
	data, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	f.Account, f.Clusters = p.Account(), record
	return f.Save(data)
}

// keepSaved puts the saved contexts of regions into a kubeconfig.
func (f Existing) keepSaved(config *clientcmdapi.Config, regions []string) error {
	saved, err := clientcmd.LoadFromFile(f.Kubeconfig())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range regions {
		if saved.Clusters[name] != nil && saved.AuthInfos[name] != nil {
			config.Clusters[name], config.AuthInfos[name] = saved.Clusters[name], saved.AuthInfos[name]
		}
	}
	return nil
}
