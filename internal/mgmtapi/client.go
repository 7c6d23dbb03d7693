package mgmtapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client speaks to one node over HTTP.
type Client struct {
	base   string
	http   *http.Client
	epochs Epochs // nil: calls say none
	pod    string // whose agent is meant; empty: calls don't say
}

// PodHeader of a call says which pod's agent it is for: addresses are given to other
// pods, and all agents of a datacenter have one certificate. Another one's refuses it.
const PodHeader = "Ringspan-Pod"

// For is the same client, which says with every call whose agent is meant.
func (c *Client) For(pod string) *Client {
	one := *c
	one.pod = pod
	return &one
}

var _ Node = (*Client)(nil)

// DefaultTimeout bounds every call.
const DefaultTimeout = 15 * time.Second

// New makes a client for http(s)://HOST:PORT. A nil HTTP client means a plain
// one with DefaultTimeout. It goes nowhere else: an agent that answers with a
// redirect would send passwords, and what a person shows the API server, where it likes.
func New(baseURL string, c *http.Client) *Client {
	one := http.Client{Timeout: DefaultTimeout}
	if c != nil {
		one = *c
	}
	one.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: strings.TrimSuffix(baseURL, "/"), http: &one}
}

func (c *Client) do(ctx context.Context, method, path string, body, out any) error {
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, in)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.pod != "" {
		request.Header.Set(PodHeader, c.pod)
	}
	name, _, _ := strings.Cut(path, "?")
	if err := c.claim(request); err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, name, ErrUnavailable, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, name, ErrUnavailable, err)
	}
	defer response.Body.Close()
	if err := c.outrun(response); err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, name, ErrUnavailable, err)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, name, ErrUnavailable, err)
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %w: %s: %s", method, name, class(response.StatusCode), response.Status, strings.TrimSpace(string(data)))
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *string:
		*out = strings.TrimSpace(string(data))
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: unexpected answer: %w", method, name, err)
	}
	return nil
}

// class of an answer's status. Only the agent tells a JVM that doesn't answer
// (503) from one that says no (500); the stock management API says 500 to both.
func class(status int) error {
	switch {
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusInternalServerError:
		return ErrFailed
	case status > http.StatusInternalServerError: // also of the API server, when it can't reach the pod
		return ErrUnavailable
	default:
		return ErrRefused
	}
}

func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, nil, out)
}

func (c *Client) post(ctx context.Context, path string, body, out any) error {
	return c.do(ctx, http.MethodPost, path, body, out)
}

// Status asks the agent what its JVM does.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.get(ctx, "/api/v0/lifecycle/status", &s)
}

// Start returns as soon as the JVM is launched; one that runs already is no error.
func (c *Client) Start(ctx context.Context, o StartOptions) error {
	return c.post(ctx, "/api/v0/lifecycle/start", o, nil)
}

// Stop drains the node and ends its JVM.
func (c *Client) Stop(ctx context.Context) error {
	return c.post(ctx, "/api/v0/lifecycle/stop", nil, nil)
}

// Drain flushes the node and closes its ports.
func (c *Client) Drain(ctx context.Context) error {
	return c.post(ctx, "/api/v0/ops/node/drain", nil, nil)
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

// ReloadSeeds replaces the node's seeds and answers what it then uses.
func (c *Client) ReloadSeeds(ctx context.Context, seeds []string) (all []string, err error) {
	return all, c.post(ctx, "/api/v0/ops/seeds/reload", map[string][]string{"seeds": seeds}, &all)
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

// Roles lists the roles that the node can read from its own replicas.
func (c *Client) Roles(ctx context.Context) ([]Role, error) { return c.roles(ctx, "") }

// RolesEverywhere lists the roles that a quorum of the replicas in each
// datacenter has when the call returns.
func (c *Client) RolesEverywhere(ctx context.Context) ([]Role, error) {
	return c.roles(ctx, "?consistency_level=EACH_QUORUM")
}

func (c *Client) roles(ctx context.Context, query string) ([]Role, error) {
	var list []struct {
		Name         string
		Super, Login string
	}
	if err := c.get(ctx, "/api/v0/ops/auth/role"+query, &list); err != nil {
		return nil, err
	}
	var all []Role
	for _, r := range list {
		all = append(all, Role{Name: r.Name, Superuser: r.Super == "true", Login: r.Login == "true"})
	}
	return all, nil
}

// PutRole makes a role or changes it. The password travels in the body.
func (c *Client) PutRole(ctx context.Context, r Role) error {
	return c.post(ctx, "/api/v0/ops/auth/role", r, nil)
}

// DropRole removes a role; a missing one is no error.
func (c *Client) DropRole(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, "/api/v0/ops/auth/role?username="+url.QueryEscape(name), nil, nil)
}

// SetNativeTransport opens or closes the port for clients.
func (c *Client) SetNativeTransport(ctx context.Context, on bool) error {
	return c.post(ctx, "/api/v0/ops/node/native?enabled="+strconv.FormatBool(on), nil, nil)
}

// Ownership computes effective ownership; an empty keyspace lets the node choose.
func (c *Client) Ownership(ctx context.Context, keyspace string) (o Ownership, err error) {
	return o, c.get(ctx, "/api/v0/metadata/ownership?keyspace="+url.QueryEscape(keyspace), &o)
}

// Rebuild streams the node's share from another datacenter.
func (c *Client) Rebuild(ctx context.Context, source string) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/node/rebuild?src_dc="+url.QueryEscape(source), nil, &id)
}

// Cleanup drops data that the node no longer owns.
func (c *Client) Cleanup(ctx context.Context, o CleanupOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/keyspace/cleanup", o, &id)
}

// Repair makes the replicas of the node's ranges the same.
func (c *Client) Repair(ctx context.Context, o RepairOptions) (id string, err error) {
	return id, c.post(ctx, "/api/v1/ops/node/repair", o, &id)
}

// Job tells how far an operation is; after the agent's restart it is not found.
func (c *Client) Job(ctx context.Context, id string) (j Job, err error) {
	return j, c.get(ctx, "/api/v0/ops/executor/job?job_id="+url.QueryEscape(id), &j)
}
