package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func (a *Agent) roleRoutes() []route {
	return []route{
		{pattern: "GET /api/v0/ops/auth/role", limit: quick, do: a.handleRoles},
		{pattern: "POST /api/v0/ops/auth/role", limit: quick, do: a.handlePutRole, secret: true},
		{pattern: "DELETE /api/v0/ops/auth/role", limit: quick, do: a.handleDropRole},
		{pattern: "POST /api/v0/ops/auth/role/verify", limit: quick, do: a.handleVerifyRole, secret: true},
		{pattern: "POST /api/v1/ops/auth/identity_to_role", limit: quick, do: a.handlePutIdentity},
		{pattern: "DELETE /api/v1/ops/auth/identity_to_role", limit: quick, do: a.handleDropIdentity},
	}
}

// handleRoles reads at LOCAL_ONE unless it is asked for more.
func (a *Agent) handleRoles(ctx context.Context, q *call) (int, any, error) {
	level := or(q.FormValue("consistency_level"), "LOCAL_ONE")
	if !slices.Contains([]string{"LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"}, level) {
		return 400, nil, fmt.Errorf("consistency_level: %s is not one of LOCAL_ONE, LOCAL_QUORUM, EACH_QUORUM", level)
	}
	list, err := a.roles(ctx, level)
	return 200, list, err
}

// handlePutRole takes a JSON body, or the management API's query parameters.
func (a *Agent) handlePutRole(ctx context.Context, q *call) (int, any, error) {
	r := mgmtapi.Role{Name: q.URL.Query().Get("username"), Password: q.URL.Query().Get("password"),
		Superuser: q.URL.Query().Get("is_superuser") == "true", Login: q.URL.Query().Get("can_login") == "true"}
	if r.Name == "" {
		if err := decodeBody(q, &r); err != nil {
			return 400, nil, err
		}
	}
	if r.Name == "" || r.Password == "" {
		return 400, nil, errors.New("username and password are needed")
	}
	q.note(slog.String("role", r.Name), slog.Bool("superuser", r.Superuser), slog.Bool("login", r.Login))
	return 200, "OK", a.putRole(ctx, r.Name, r.Password, r.Superuser, r.Login)
}

// identityOfRole is what a client's certificate says, the role that it logs in as, and for how many seconds it does; nil is for ever.
type identityOfRole struct {
	Identity, Role string
	TTL            *int64
}

// maximumTTL is Cassandra's, in seconds: twenty years.
const maximumTTL = 20 * 365 * 24 * 60 * 60

func (a *Agent) handlePutIdentity(ctx context.Context, q *call) (int, any, error) {
	var i identityOfRole
	if err := decodeBody(q, &i); err != nil {
		return 400, nil, err
	}
	if strings.TrimSpace(i.Identity) == "" || strings.TrimSpace(i.Role) == "" {
		return 400, nil, errors.New("identity and role are needed")
	}
	if i.TTL != nil && (*i.TTL < 1 || *i.TTL > maximumTTL) { // Cassandra takes 0 for no limit
		return 400, nil, fmt.Errorf("ttl: %d seconds are not between 1 and %d; without a ttl the identity stays", *i.TTL, maximumTTL)
	}
	q.note(slog.String("identity", i.Identity), slog.String("role", i.Role))
	if i.TTL != nil {
		q.note(slog.Int64("ttl", *i.TTL))
	}
	return 200, "OK", a.putIdentity(ctx, i)
}

func (a *Agent) handleDropIdentity(ctx context.Context, q *call) (int, any, error) {
	var i identityOfRole
	if err := decodeBody(q, &i); err != nil {
		return 400, nil, err
	}
	if strings.TrimSpace(i.Identity) == "" {
		return 400, nil, errors.New("identity is needed")
	}
	q.note(slog.String("identity", i.Identity))
	return 200, "OK", a.dropIdentity(ctx, i.Identity)
}

func (a *Agent) handleDropRole(ctx context.Context, q *call) (int, any, error) {
	name := q.FormValue("username")
	q.note(slog.String("role", name))
	return 200, "OK", a.dropRole(ctx, name)
}

// handleVerifyRole takes a JSON body only: a password has no place in a URL.
func (a *Agent) handleVerifyRole(ctx context.Context, q *call) (int, any, error) {
	var r mgmtapi.Role
	if err := decodeBody(q, &r); err != nil {
		return 400, nil, err
	}
	if r.Name == "" || r.Password == "" {
		return 400, nil, errors.New("username and password are needed")
	}
	q.note(slog.String("role", r.Name))
	matches, err := a.verifyRole(ctx, r.Name, r.Password)
	return 200, map[string]bool{"matches": matches}, err
}
