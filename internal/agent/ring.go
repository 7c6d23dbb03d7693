package agent

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// endpoints lists the ring's members in the management API's shape: all values
// are strings.
func (a *Agent) endpoints(ctx context.Context) ([]map[string]string, error) {
	attributes := []string{"LiveNodes", "UnreachableNodes", "JoiningNodes", "LeavingNodes", "MovingNodes", "LoadMap", "EndpointToHostId", "TokenToEndpointMap", "ClusterName"}
	answers, err := a.jmx.bulk(ctx, []request{
		{Type: "read", MBean: storageService, Attribute: attributes},
		{Type: "exec", MBean: ownMBean, Operation: "execute", Arguments: []any{"SELECT broadcast_address, data_center, rack, host_id, schema_version, release_version, rpc_port FROM system.local", "NODE"}},
		{Type: "exec", MBean: ownMBean, Operation: "execute", Arguments: []any{"SELECT peer, data_center, rack, host_id, schema_version, release_version, native_address, native_port FROM system.peers_v2", "NODE"}},
	})
	if err != nil {
		return nil, err
	}
	var ring struct {
		LiveNodes, UnreachableNodes, JoiningNodes, LeavingNodes, MovingNodes []string
		LoadMap, EndpointToHostId, TokenToEndpointMap                        map[string]string
		ClusterName                                                          string
	}
	if err := answers[0].decode("StorageService", &ring); err != nil {
		return nil, err
	}
	var local, peers []map[string]string
	if err := answers[1].decode("system.local", &local); err != nil {
		return nil, err
	}
	if err := answers[2].decode("system.peers_v2", &peers); err != nil {
		return nil, err
	}
	known := map[string]map[string]string{}
	for _, row := range peers {
		known[canonical(unquote(row["peer"]))] = row
	}
	own := canonical(a.config.Address)
	for _, row := range local {
		known[own] = row
	}
	tokens := map[string][]string{}
	for token, address := range ring.TokenToEndpointMap {
		tokens[address] = append(tokens[address], token)
	}
	var all []map[string]string
	for _, said := range slices.Sorted(slices.Values(append(ring.LiveNodes, ring.UnreachableNodes...))) {
		address := canonical(said)
		row := known[address]
		status := "NORMAL"
		for word, list := range map[string][]string{"JOINING": ring.JoiningNodes, "LEAVING": ring.LeavingNodes, "MOVING": ring.MovingNodes} {
			if slices.Contains(list, said) {
				status = word
			}
		}
		slices.Sort(tokens[said])
		all = append(all, map[string]string{
			"ENDPOINT_IP": address, "IS_ALIVE": strconv.FormatBool(slices.Contains(ring.LiveNodes, said)), "IS_LOCAL": strconv.FormatBool(address == own),
			"HOST_ID": ring.EndpointToHostId[said], "DC": unquote(row["data_center"]), "RACK": unquote(row["rack"]),
			"STATUS": status, "LOAD": strconv.FormatFloat(bytesOf(ring.LoadMap[said]), 'f', 0, 64), "SCHEMA": row["schema_version"],
			"TOKENS": strings.Join(tokens[said], ","), "RELEASE_VERSION": unquote(row["release_version"]), "CLUSTER_NAME": ring.ClusterName,
			"RPC_ADDRESS": address, "NATIVE_ADDRESS_AND_PORT": net.JoinHostPort(address, or(or(row["native_port"], row["rpc_port"]), "9042")),
		})
	}
	return all, nil
}

// canonical is an address as Kubernetes writes it: Java writes all zeros of IPv6 ones.
func canonical(address string) string {
	if a, err := netip.ParseAddr(address); err == nil {
		return a.String()
	}
	return address
}

// bytesOf reads Cassandra's "117.38 KiB".
func bytesOf(text string) float64 {
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.ParseFloat(strings.ReplaceAll(number, ",", "."), 64)
	if err != nil {
		return 0
	}
	for i, u := range []string{"bytes", "KiB", "MiB", "GiB", "TiB"} {
		if unit == u {
			return n * float64(int64(1)<<(10*i))
		}
	}
	return n
}

func (a *Agent) ownership(ctx context.Context, keyspace string) (string, map[string]float64, error) {
	if keyspace == "" {
		keyspaces, err := a.keyspaces(ctx)
		if err != nil {
			return "", nil, err
		}
		keyspace = "system_auth"
		for _, k := range keyspaces {
			if !strings.HasPrefix(k, "system") {
				keyspace = k
				break
			}
		}
	}
	raw := map[string]float64{}
	if err := exec(ctx, a.jmx, storageService, "effectiveOwnershipWithPort(java.lang.String)", &raw, keyspace); err != nil {
		return keyspace, nil, err
	}
	out := map[string]float64{}
	for address, share := range raw {
		host := address
		if i := strings.LastIndexByte(address, ':'); i > 0 {
			host = address[:i]
		}
		out[strings.TrimPrefix(host, "/")] = share
	}
	return keyspace, out, nil
}

func (a *Agent) schemaVersions(ctx context.Context) (out map[string][]string, err error) {
	return out, read(ctx, a.jmx, storageProxy, "SchemaVersions", &out)
}

// release is Cassandra's version.
func (a *Agent) release(ctx context.Context) (v string, err error) {
	return v, read(ctx, a.jmx, storageService, "ReleaseVersion", &v)
}
