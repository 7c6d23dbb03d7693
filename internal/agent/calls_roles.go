package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func (a *Agent) roleRoutes() []route {
	return []route{
		{pattern: "GET /api/v0/ops/auth/role", limit: quick, do: a.handleRoles},
		{pattern: "POST /api/v0/ops/auth/role", limit: quick, do: a.handlePutRole, secret: true},
		{pattern: "DELETE /api/v0/ops/auth/role", limit: quick, do: a.handleDropRole},
		{pattern: "POST /api/v0/ops/auth/role/verify", limit: quick, do: a.handleVerifyRole, secret: true},
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
