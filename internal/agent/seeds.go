package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/cassandra"
)

// seeds are those given, else the addresses of the configured names. A name
// without addresses is skipped; none at all is an error.
func (a *Agent) seeds(ctx context.Context, given []string) ([]string, error) {
	if len(given) > 0 {
		return given, nil
	}
	var all []string
	for _, name := range a.config.Input.SeedNames {
		if net.ParseIP(name) != nil {
			all = append(all, name)
			continue
		}
		addresses, err := net.DefaultResolver.LookupHost(ctx, name)
		if err == nil {
			all = append(all, addresses...)
		}
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) == 0 {
		return nil, fmt.Errorf("no seed has an address: %s", strings.Join(a.config.Input.SeedNames, ", "))
	}
	return all, nil
}

// setSeeds rewrites the seeds in cassandra.yaml for the running node.
func (a *Agent) setSeeds(seeds []string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.started.Seeds = seeds
	files, err := cassandra.Render(a.config.Input, a.started)
	if err != nil {
		return err
	}
	return files.Write(a.started.ConfigDir)
}

// reloadSeeds lets Cassandra read its seeds again, those given or the configured ones,
// and answers which it uses.
func (a *Agent) reloadSeeds(ctx context.Context, given []string) ([]string, error) {
	seeds, err := a.seeds(ctx, given)
	if err != nil {
		return nil, err
	}
	if err := a.setSeeds(seeds); err != nil {
		return nil, err
	}
	var raw json.RawMessage
	if err := exec(ctx, a.jmx, gossiper, "reloadSeeds", &raw); err != nil {
		return nil, err
	}
	var all []string
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("reloadSeeds: %w", err)
	}
	return all, nil
}
