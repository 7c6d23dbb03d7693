package mgmtapi

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// Membership is the ring as a node sees it.
type Membership interface {
	Endpoints(ctx context.Context) ([]Endpoint, error)
	SchemaVersions(ctx context.Context) (map[string][]string, error)
	Ownership(ctx context.Context, keyspace string) (Ownership, error)
	ReloadSeeds(ctx context.Context, seeds []string) ([]string, error)
}

// Endpoint is a member of the ring as one node sees it.
type Endpoint struct {
	Address        string
	HostID         string
	Datacenter     string
	Rack           string
	Alive          bool
	Local          bool    // the node that was asked
	Status         string  // NORMAL, JOINING, LEAVING, MOVING
	Load           float64 // bytes
	Schema         string
	Tokens         []string
	ReleaseVersion string
	ClusterName    string
}

// Ownership is each address's effective share of a keyspace: over one
// datacenter they add up to its replication factor at most, 1 = everything.
type Ownership struct {
	Keyspace  string             `json:"keyspace"`
	Ownership map[string]float64 `json:"ownership"`
}

// Endpoints lists the ring's members as the node sees them.
func (c *Client) Endpoints(ctx context.Context) ([]Endpoint, error) {
	var page struct{ Entity []map[string]string }
	if err := c.get(ctx, "/api/v0/metadata/endpoints", &page); err != nil {
		return nil, err
	}
	var all []Endpoint
	for _, e := range page.Entity {
		load, _ := strconv.ParseFloat(e["LOAD"], 64) // absent early in the boot
		one := Endpoint{
			Address: e["ENDPOINT_IP"], HostID: e["HOST_ID"], Datacenter: e["DC"], Rack: e["RACK"],
			Alive: e["IS_ALIVE"] == "true", Local: e["IS_LOCAL"] == "true", Status: status(e["STATUS"]), Load: load,
			Schema: e["SCHEMA"], ReleaseVersion: e["RELEASE_VERSION"], ClusterName: e["CLUSTER_NAME"],
		}
		if e["TOKENS"] != "" {
			one.Tokens = strings.Split(e["TOKENS"], ",")
		}
		all = append(all, one)
	}
	return all, nil
}

// status is the first word of gossip's STATUS ("NORMAL,-123").
func status(s string) string {
	first, _, _ := strings.Cut(s, ",")
	return first
}

// SchemaVersions groups the addresses by schema version; "UNREACHABLE" is one.
func (c *Client) SchemaVersions(ctx context.Context) (map[string][]string, error) {
	all := map[string][]string{}
	return all, c.get(ctx, "/api/v1/ops/node/schema/versions", &all)
}

// Ownership computes effective ownership; an empty keyspace lets the node choose.
func (c *Client) Ownership(ctx context.Context, keyspace string) (o Ownership, err error) {
	return o, c.get(ctx, "/api/v0/metadata/ownership?keyspace="+url.QueryEscape(keyspace), &o)
}

// ReloadSeeds replaces the node's seeds and answers what it then uses.
func (c *Client) ReloadSeeds(ctx context.Context, seeds []string) (all []string, err error) {
	return all, c.post(ctx, "/api/v0/ops/seeds/reload", map[string][]string{"seeds": seeds}, &all)
}
