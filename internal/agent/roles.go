package agent

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/bcrypt"
)

// roles lists who may log in. The hashes are read too and told to nobody: at EACH_QUORUM replicas that have fallen behind
// are repaired, and only in the columns that are read.
func (a *Agent) roles(ctx context.Context, level string) ([]map[string]any, error) {
	rows, err := cql(ctx, a.jmx, "SELECT role, is_superuser, can_login, salted_hash FROM system_auth.roles", level)
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
	if _, err = cql(ctx, a.jmx, statement, localQuorum); err != nil {
		return fmt.Errorf("writing role %q: %w", name, err)
	}
	return nil
}

// localQuorum is the level at which clients' logins are read, and at which roles are written.
const localQuorum = "LOCAL_QUORUM"

// verifyRole tells whether a client of this datacenter could log in as a role with a password, whatever Cassandra's caches
// and the clients' port say. It is compared here: a login of its own would need the port to be open.
func (a *Agent) verifyRole(ctx context.Context, name, password string) (bool, error) {
	rows, err := cql(ctx, a.jmx, "SELECT can_login, salted_hash FROM system_auth.roles WHERE role = "+quote(name), localQuorum)
	if err != nil {
		return false, err
	}
	if len(rows) == 0 || rows[0]["can_login"] != "true" {
		return false, nil
	}
	switch err := bcrypt.CompareHashAndPassword([]byte(unquote(rows[0]["salted_hash"])), []byte(password)); {
	case err == nil:
		return true, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	default: // a hash of another kind, or none
		return false, fmt.Errorf("the hash of role %q: %w", name, err)
	}
}

// dropRole removes a role with all that Cassandra keeps of it elsewhere, which a later role of the name would have
// otherwise: its memberships in both directions, its permissions and their index, its identities. DROP ROLE itself isn't
// for those who have not logged in. The role goes last: if this ends in the middle, it is there to be dropped again.
func (a *Agent) dropRole(ctx context.Context, name string) error {
	statements, err := a.whatRefersTo(ctx, name)
	if err != nil {
		return err
	}
	of := " WHERE role = " + quote(name)
	for _, table := range []string{"role_members", "role_permissions", "network_permissions", "cidr_permissions", "roles"} {
		statements = append(statements, "DELETE FROM system_auth."+table+of)
	}
	for _, statement := range statements {
		if _, err := cql(ctx, a.jmx, statement, localQuorum); err != nil {
			return fmt.Errorf("dropping role %q: %w", name, err)
		}
	}
	return nil
}

// whatRefersTo are the statements that take a role out of the tables that have it elsewhere than in their key.
func (a *Agent) whatRefersTo(ctx context.Context, name string) (statements []string, err error) {
	members, err := cql(ctx, a.jmx, "SELECT role, member FROM system_auth.role_members", localQuorum)
	if err != nil {
		return nil, err
	}
	for _, r := range members {
		role, member := unquote(r["role"]), unquote(r["member"])
		switch name {
		case role:
			statements = append(statements, fmt.Sprintf("UPDATE system_auth.roles SET member_of = member_of - {%s} WHERE role = %s", quote(name), quote(member)))
		case member:
			statements = append(statements, fmt.Sprintf("DELETE FROM system_auth.role_members WHERE role = %s AND member = %s", quote(role), quote(name)))
		}
	}
	resources, err := cql(ctx, a.jmx, "SELECT resource FROM system_auth.role_permissions WHERE role = "+quote(name), localQuorum)
	if err != nil {
		return nil, err
	}
	const index = "system_auth.resource_role_permissons_index" //nolint:misspell // as Cassandra spells it
	for _, r := range resources {
		statements = append(statements, fmt.Sprintf("DELETE FROM %s WHERE resource = %s AND role = %s", index, r["resource"], quote(name)))
	}
	identities, err := cql(ctx, a.jmx, "SELECT identity, role FROM system_auth.identity_to_role", localQuorum)
	if err != nil {
		return nil, err
	}
	for _, r := range identities {
		if unquote(r["role"]) == name {
			statements = append(statements, "DELETE FROM system_auth.identity_to_role WHERE identity = "+r["identity"])
		}
	}
	return statements, nil
}

// putIdentity writes what ADD IDENTITY would, for who logs in with a certificate; of an identity that is there it changes the role.
func (a *Agent) putIdentity(ctx context.Context, i identityOfRole) error {
	statement := fmt.Sprintf("INSERT INTO system_auth.identity_to_role (identity, role) VALUES (%s, %s)", quote(i.Identity), quote(i.Role))
	if i.TTL != nil {
		statement += fmt.Sprintf(" USING TTL %d", *i.TTL)
	}
	if _, err := cql(ctx, a.jmx, statement, localQuorum); err != nil {
		return fmt.Errorf("writing identity %q: %w", i.Identity, err)
	}
	return nil
}

func (a *Agent) dropIdentity(ctx context.Context, identity string) error {
	if _, err := cql(ctx, a.jmx, "DELETE FROM system_auth.identity_to_role WHERE identity = "+quote(identity), localQuorum); err != nil {
		return fmt.Errorf("dropping identity %q: %w", identity, err)
	}
	return nil
}
