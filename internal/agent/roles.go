package agent

import (
	"context"
	"fmt"

	"golang.org/x/crypto/bcrypt"
)

func (a *Agent) roles(ctx context.Context, level string) ([]map[string]any, error) {
	rows, err := cql(ctx, a.jmx, "SELECT role, is_superuser, can_login FROM system_auth.roles", level)
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for _, r := range rows {
		all = append(all, map[string]any{"name": unquote(r["role"]), "super": r["is_superuser"], "login": r["can_login"], "options": "{}", "datacenters": "ALL"})
	}
	return all, nil
}

// putRole writes the role as CREATE ROLE would, with the password hashed here:
// the clear text reaches neither the JVM nor a log.
func (a *Agent) putRole(ctx context.Context, name, password string, superuser, login bool) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), 10)
	if err != nil {
		return fmt.Errorf("password of role %q: %w", name, err)
	}
	statement := fmt.Sprintf("INSERT INTO system_auth.roles (role, is_superuser, can_login, salted_hash) VALUES (%s, %t, %t, %s)",
		quote(name), superuser, login, quote(string(hash)))
	if _, err = cql(ctx, a.jmx, statement, "LOCAL_QUORUM"); err != nil {
		return fmt.Errorf("writing role %q: %w", name, err)
	}
	return nil
}

func (a *Agent) dropRole(ctx context.Context, name string) error {
	_, err := cql(ctx, a.jmx, "DELETE FROM system_auth.roles WHERE role = "+quote(name), "LOCAL_QUORUM")
	return err
}
