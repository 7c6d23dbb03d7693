package mgmtapi

import (
	"context"
	"net/http"
	"net/url"
)

// Roles are who may log in to a ring.
type Roles interface {
	Roles(ctx context.Context) ([]Role, error)
	RolesEverywhere(ctx context.Context) ([]Role, error)
	PutRole(ctx context.Context, r Role) error
	DropRole(ctx context.Context, name string) error
	VerifyRole(ctx context.Context, name, password string) (bool, error)
}

// Role is a Cassandra role. Password is only sent, never received.
type Role struct {
	Name      string `json:"username"`
	Password  string `json:"password,omitempty"`
	Superuser bool   `json:"is_superuser"`
	Login     bool   `json:"can_login"`
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

// VerifyRole tells whether a client of the node's datacenter can log in as a role with a password, by what a quorum of the
// replicas there has. An agent of a former version doesn't know the call: ErrNotFound.
func (c *Client) VerifyRole(ctx context.Context, name, password string) (bool, error) {
	var answer struct {
		Matches bool `json:"matches"`
	}
	err := c.post(ctx, "/api/v0/ops/auth/role/verify", Role{Name: name, Password: password, Login: true}, &answer)
	return answer.Matches, err
}

// DropRole removes a role with its permissions and memberships; a missing one is no error.
func (c *Client) DropRole(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, "/api/v0/ops/auth/role?username="+url.QueryEscape(name), nil, nil)
}
