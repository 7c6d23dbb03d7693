package remote

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ringspan/ringspan/internal/fleet/local"
)

// dir is where they are below the directory of all fleets; no fleet on this
// machine has such a name. It is of the time when there was no place but AWS.
const dir = ".aws"

const (
	recordFile     = "fleet.json"
	kubeconfigFile = "kubeconfig"
)

// Record is where a fleet lives.
type Record struct {
	Provider string `json:"provider,omitempty"` // Existing; "" is AWS
	Account  string `json:"account"`            // of AWS, or the kubeconfig
	Endpoint string `json:"endpoint,omitempty"` // of another cloud that answers AWS's API

	// Clusters is, for provider Existing, which cluster each region is, by the UID of its
	// namespace kube-system; "" while it has never answered.
	Clusters map[string]string `json:"clusters,omitempty"`
}

// Existing is the provider of a fleet in clusters that were there before it.
const Existing = "existing"

// Fleet is one of them.
type Fleet struct {
	Record

	name, home string
}

// Names of all that this machine knows, in order.
func Names() (all []string, err error) {
	home, err := local.Home()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(home, dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(home, dir, e.Name(), recordFile)); err == nil {
			all = append(all, e.Name())
		}
	}
	slices.Sort(all)
	return all, err
}

// New is a fleet that Save makes known.
func New(name string, r Record) (*Fleet, error) {
	home, err := local.Home()
	return &Fleet{r, name, filepath.Join(home, dir, name)}, err
}

// Open is a fleet that is known already.
func Open(name string) (*Fleet, error) {
	f, err := New(name, Record{})
	if err != nil {
		return nil, err
	}
	file := f.RecordFile()
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &f.Record); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return f, nil
}

// OpenOrNew is a fleet as it is known, or the one that Save makes known. One of the same
// name that another provider has is an error.
func OpenOrNew(name string, r Record) (*Fleet, error) {
	known, err := Open(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return New(name, r)
	case err == nil && known.Provider != r.Provider:
		return nil, known.refuse()
	}
	return known, err
}

// refuse is of a fleet whose name another one was to get.
func (f *Fleet) refuse() error {
	return fmt.Errorf("this machine knows another fleet %s, in %s; give each its own $RINGSPAN_HOME", f.name, f.where())
}

func (r Record) where() string {
	if r.Provider == Existing {
		return "clusters of " + r.Account
	}
	return "account " + r.Account + " of AWS"
}

// Name of the fleet.
func (f *Fleet) Name() string { return f.name }

// Kubeconfig is the file with one context a region.
func (f *Fleet) Kubeconfig() string { return filepath.Join(f.home, kubeconfigFile) }

// RecordFile is the file with what is known of the fleet besides.
func (f *Fleet) RecordFile() string { return filepath.Join(f.home, recordFile) }

// Save writes both files; readers see the old one or the new one, never a part. A fleet of
// the same name that another provider has stays known instead.
func (f *Fleet) Save(kubeconfig []byte) error {
	if other, err := Open(f.name); err == nil && other.Provider != f.Provider {
		return other.refuse()
	}
	if err := os.MkdirAll(f.home, 0o700); err != nil {
		return err
	}
	return errors.Join(replace(f.Kubeconfig(), kubeconfig), f.SaveRecord())
}

// SaveRecord writes only what is known of the fleet besides its kubeconfig.
func (f *Fleet) SaveRecord() error {
	record, err := json.MarshalIndent(f.Record, "", "  ")
	if err != nil {
		return err
	}
	return replace(f.RecordFile(), record)
}

func replace(file string, data []byte) error {
	part := fmt.Sprintf("%s.%d.part", file, os.Getpid())
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, file)
}

// Forget removes what Save wrote; nothing being there is no error.
func (f *Fleet) Forget() error {
	if err := os.RemoveAll(f.home); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(f.home))               // after the last one,
	_ = os.Remove(filepath.Dir(filepath.Dir(f.home))) // others keep it
	return nil
}
