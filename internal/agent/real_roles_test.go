package agent

import (
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
)

// droppedRole shows that nothing is left of a role that was dropped: one that is made later under its name has none of its
// rights, and none of those whom it was granted to has it.
func droppedRole(t *testing.T, client *mgmtapi.Client) {
	t.Helper()
	s, err := session(fake.Admin.Name, fake.Admin.Password)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &realTable{T: t, cql: s}
	if err := client.PutRole(t.Context(), mgmtapi.Role{Name: "old one", Password: "p", Login: true, Superuser: true}); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`CREATE ROLE readers`, `CREATE ROLE app WITH LOGIN = true AND PASSWORD = 'x'`,
		`GRANT readers TO 'old one'`, `GRANT 'old one' TO app`,
		`GRANT SELECT ON KEYSPACE "Mixed_Case" TO 'old one'`, `GRANT MODIFY ON ALL KEYSPACES TO 'old one'`, `GRANT ALTER ON ROLE readers TO 'old one'`,
		`GRANT SELECT ON ALL KEYSPACES TO app`,
	} {
		r.do(statement)
	}
	if err := client.DropRole(t.Context(), "old one"); err != nil {
		t.Fatal(err)
	}
	r.do(`CREATE ROLE 'old one'`)
	for query, want := range map[string]int{
		`SELECT * FROM system_auth.role_members`:                                                    0,
		`SELECT * FROM system_auth.role_permissions WHERE role = 'old one'`:                         0,
		`SELECT * FROM system_auth.role_permissions WHERE role = 'app'`:                             1, // its own
		`SELECT * FROM system_auth.resource_role_permissons_index WHERE resource='data'`:            1, //nolint:misspell // as Cassandra spells it
		`SELECT * FROM system_auth.resource_role_permissons_index WHERE resource='data/Mixed_Case'`: 0, //nolint:misspell // as above
	} {
		if n := s.Query(query).Iter().NumRows(); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
	var of []string
	if err := s.Query(`SELECT member_of FROM system_auth.roles WHERE role = 'app'`).Scan(&of); err != nil || len(of) > 0 {
		t.Errorf("app is a member of %q, %v", of, err)
	}
	r.do(`DROP ROLE 'old one'`)
	r.do(`DROP ROLE app`)
	r.do(`DROP ROLE readers`)
}
