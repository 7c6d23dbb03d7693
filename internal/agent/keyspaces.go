package agent

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

func (a *Agent) keyspaces(ctx context.Context) ([]string, error) {
	var all []string
	err := read(ctx, a.jmx, storageService, "Keyspaces", &all)
	slices.Sort(all)
	return all, err
}

var mapEntry = regexp.MustCompile(`'((?:[^']|'')*)'\s*:\s*'((?:[^']|'')*)'`)

func (a *Agent) replication(ctx context.Context, keyspace string) (map[string]string, error) {
	rows, err := cql(ctx, a.jmx, "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = "+quote(keyspace), "NODE")
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	out := map[string]string{}
	for _, m := range mapEntry.FindAllStringSubmatch(rows[0]["replication"], -1) {
		out[strings.ReplaceAll(m[1], "''", "'")] = strings.ReplaceAll(m[2], "''", "'")
	}
	return out, nil
}

func (a *Agent) tables(ctx context.Context, keyspace string) ([]string, error) {
	rows, err := cql(ctx, a.jmx, "SELECT table_name FROM system_schema.tables WHERE keyspace_name = "+quote(keyspace), "NODE")
	all := []string{}
	for _, r := range rows {
		all = append(all, unquote(r["table_name"]))
	}
	return all, err
}

// putKeyspace is CREATE or ALTER with NetworkTopologyStrategy.
func (a *Agent) putKeyspace(ctx context.Context, verb, keyspace string, factors map[string]int) error {
	options := []string{"'class': 'NetworkTopologyStrategy'"}
	for _, dc := range slices.Sorted(maps.Keys(factors)) {
		options = append(options, fmt.Sprintf("%s: %d", quote(dc), factors[dc]))
	}
	_, err := cql(ctx, a.jmx, fmt.Sprintf("%s %s WITH replication = {%s}", verb, identifier(keyspace), strings.Join(options, ", ")), "LOCAL_ONE")
	return err
}
