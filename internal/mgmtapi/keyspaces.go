package mgmtapi

import (
	"context"
	"net/url"
)

// Keyspaces are a ring's keyspaces and where they have replicas.
type Keyspaces interface {
	Keyspaces(ctx context.Context) ([]string, error)
	Replication(ctx context.Context, keyspace string) (map[string]string, error)
	CreateKeyspace(ctx context.Context, keyspace string, replication map[string]int) error
	AlterKeyspace(ctx context.Context, keyspace string, replication map[string]int) error
}

// Keyspaces lists the names of all keyspaces.
func (c *Client) Keyspaces(ctx context.Context) (all []string, err error) {
	return all, c.get(ctx, "/api/v0/ops/keyspace", &all)
}

// Replication is a keyspace's replication map, "class" included.
func (c *Client) Replication(ctx context.Context, keyspace string) (map[string]string, error) {
	all := map[string]string{}
	return all, c.get(ctx, "/api/v0/ops/keyspace/replication?keyspaceName="+url.QueryEscape(keyspace), &all)
}

type replicationSetting struct {
	DC     string `json:"dc_name"`
	Factor int    `json:"replication_factor"`
}

func (c *Client) putKeyspace(ctx context.Context, verb, keyspace string, replication map[string]int) error {
	body := struct {
		Keyspace string               `json:"keyspace_name"`
		Settings []replicationSetting `json:"replication_settings"`
	}{Keyspace: keyspace}
	for dc, factor := range replication {
		body.Settings = append(body.Settings, replicationSetting{dc, factor})
	}
	return c.post(ctx, "/api/v0/ops/keyspace/"+verb, body, nil)
}

// CreateKeyspace makes a keyspace with NetworkTopologyStrategy; one that exists is no error.
func (c *Client) CreateKeyspace(ctx context.Context, keyspace string, replication map[string]int) error {
	return c.putKeyspace(ctx, "create", keyspace, replication)
}

// AlterKeyspace sets a keyspace's replication to NetworkTopologyStrategy.
func (c *Client) AlterKeyspace(ctx context.Context, keyspace string, replication map[string]int) error {
	return c.putKeyspace(ctx, "alter", keyspace, replication)
}
