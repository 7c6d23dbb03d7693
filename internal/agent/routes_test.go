package agent

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// ask makes one raw request, as any client of the management API may.
func ask(t *testing.T, base, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

type exchange struct {
	why, path, body string
	code            int
	answer          string // is in the answer
}

func (e exchange) try(t *testing.T, base string) {
	t.Helper()
	method, path, _ := strings.Cut(e.path, " ")
	if code, answer := ask(t, base, method, path, e.body); code != e.code || !strings.Contains(answer, e.answer) {
		t.Errorf("%s: %s answers %d %q, want %d and %q", e.why, e.path, code, answer, e.code, e.answer)
	}
}

func TestCallsWithoutAJVM(t *testing.T) {
	_, _, base := serve(t, testConfig(t, &output{}))
	for _, e := range []exchange{
		{why: "the agent itself is well", path: "GET /api/v0/probes/liveness", code: 200, answer: "OK"},
		{why: "not ready, and says why", path: "GET /api/v0/probes/readiness", code: 500, answer: "Stopped"},
		{why: "no process", path: "GET /api/v0/lifecycle/pid", code: 204},
		{why: "state", path: "GET /api/v0/lifecycle/status", code: 200, answer: `"state":"Stopped"`},
		{why: "stopping nothing", path: "POST /api/v0/lifecycle/stop", code: 200},
		{why: "the datacenter is configured", path: "GET /api/v0/metadata/localdc", code: 200, answer: "dc1"},
		{why: "features don't need Cassandra", path: "GET /api/v0/metadata/versions/features", code: 200, answer: "rebuild"},
		{why: "the version does", path: "GET /api/v0/metadata/versions/release", code: 503, answer: "does not answer"},
		{why: "no ring", path: "GET /api/v0/metadata/endpoints", code: 503, answer: "error"},
		{why: "an unknown job", path: "GET /api/v0/ops/executor/job?job_id=1", code: 404, answer: "{}"},
		{why: "a call of the future", path: "POST /api/v0/ops/node/assassinate?address=1.2.3.4", code: 404, answer: "POST /api/v0/ops/node/assassinate is not a call that this agent answers"},
		{why: "start with rubbish", path: "POST /api/v0/lifecycle/start", body: "[", code: 400, answer: "body"},
		{why: "native without a value", path: "POST /api/v0/ops/node/native", code: 400, answer: "enabled"},
		{why: "the log of all queries without a value", path: "POST /api/v0/ops/node/fullquerylogging", code: 400, answer: "enabled"},
		{why: "the log of all queries of a node that doesn't run", path: "GET /api/v0/ops/node/fullquerylogging", code: 503, answer: "does not answer"},
		{why: "a keyspace without a name", path: "POST /api/v0/ops/keyspace/create", body: "{}", code: 400, answer: "keyspace_name"},
		{why: "a keyspace with rubbish", path: "POST /api/v0/ops/keyspace/alter", body: "x", code: 400, answer: "body"},
		{why: "a role without a password", path: "POST /api/v0/ops/auth/role?username=a", code: 400, answer: "password"},
		{why: "cleanup with rubbish", path: "POST /api/v1/ops/keyspace/cleanup", body: "x", code: 400, answer: "body"},
	} {
		e.try(t, base)
	}
}

func TestCallsToARunningNode(t *testing.T) {
	c := testConfig(t, &output{})
	_, client, base := serve(t, c)
	exchange{why: "a start without a body resolves the configured seeds", path: "POST /api/v0/lifecycle/start", code: 201, answer: "OK"}.try(t, base)
	await(t, "running", running(t, client))
	for _, e := range []exchange{
		{why: "it runs and serves", path: "POST /api/v0/lifecycle/start", code: 202},
		{why: "close", path: "POST /api/v0/ops/node/native?enabled=false", code: 200},
		{why: "it runs and doesn't serve", path: "POST /api/v0/lifecycle/start", code: 204},
		{why: "not ready without clients", path: "GET /api/v0/probes/readiness", code: 500, answer: "native transport open: false"},
		{why: "open", path: "POST /api/v0/ops/node/native?enabled=true", code: 200},
		{why: "ready", path: "GET /api/v0/probes/readiness", code: 200},
		{why: "the version", path: "GET /api/v0/metadata/versions/release", code: 200, answer: "5.0.9"},
		{why: "endpoints are wrapped, and strings", path: "GET /api/v0/metadata/endpoints", code: 200, answer: `"IS_ALIVE":"true"`},
		{why: "endpoints in the entity", path: "GET /api/v0/metadata/endpoints", code: 200, answer: `{"entity":[{`},
		{why: "schema", path: "GET /api/v1/ops/node/schema/versions", code: 200, answer: `["10.0.0.1"]`},
		{why: "one keyspace of a name", path: "GET /api/v0/ops/keyspace?keyspaceName=system_auth", code: 200, answer: `["system_auth"]`},
		{why: "replication", path: "GET /api/v0/ops/keyspace/replication?keyspaceName=system_traces", code: 200, answer: `"replication_factor":"2"`},
		{why: "tables", path: "GET /api/v0/ops/tables?keyspaceName=system_traces", code: 200, answer: `["events","sessions"]`},
		{why: "no such keyspace", path: "GET /api/v0/ops/keyspace/replication?keyspaceName=x", code: 404, answer: "does not exist"},
		{why: "Cassandra's own words", path: "POST /api/v0/ops/keyspace/alter", body: `{"keyspace_name":"x","replication_settings":[{"dc_name":"dc1","replication_factor":3}]}`, code: 500, answer: "Keyspace 'x' doesn't exist"},
		{why: "roles by query, as cass-operator sends them", path: "POST /api/v0/ops/auth/role?username=u&password=p&can_login=true&is_superuser=false", code: 200},
		{why: "roles", path: "GET /api/v0/ops/auth/role", code: 200, answer: `"login":"true","name":"u","options":"{}","super":"false"`},
		{why: "a job", path: "POST /api/v0/ops/keyspace/cleanup", body: `{"keyspace_name":"NON_LOCAL_STRATEGY","jobs":1}`, code: 202, answer: "cleanup-"},
		{why: "the roles that all datacenters have", path: "GET /api/v0/ops/auth/role?consistency_level=EACH_QUORUM", code: 200, answer: `"name":"u"`},
		{why: "roles at a level that isn't offered", path: "GET /api/v0/ops/auth/role?consistency_level=ANY", code: 400, answer: "LOCAL_QUORUM"},
		{why: "a repair that nobody follows", path: "POST /api/v0/ops/node/repair", body: `{"keyspace_name":"system_auth","full":true}`, code: 200, answer: "OK"},
		{why: "a repair that is a job", path: "POST /api/v1/ops/node/repair", body: `{"keyspace_name":"system_auth","tables":["roles"]}`, code: 202, answer: "repair-"},
		{why: "a repair of nothing", path: "POST /api/v1/ops/node/repair", body: `{}`, code: 400, answer: "keyspace_name"},
		{why: "a repair with rubbish", path: "POST /api/v0/ops/node/repair", body: `x`, code: 400, answer: "body"},
		{why: "a repair of what isn't there", path: "POST /api/v1/ops/node/repair", body: `{"keyspace_name":"x","full":true}`, code: 500, answer: "Unknown keyspace x"},
		{why: "the log of all queries is off", path: "GET /api/v0/ops/node/fullquerylogging", code: 200, answer: `{"entity":false}`},
		{why: "switched on", path: "POST /api/v0/ops/node/fullquerylogging?enabled=true", code: 200, answer: "OK"},
		{why: "it is on", path: "GET /api/v0/ops/node/fullquerylogging", code: 200, answer: `{"entity":true}`},
		{why: "it is in the state", path: "GET /api/v0/lifecycle/status", code: 200, answer: `"fullQueryLog":true`},
		{why: "switched off", path: "POST /api/v0/ops/node/fullquerylogging?enabled=false", code: 200, answer: "OK"},
		{why: "a logger's level", path: "POST /api/v0/ops/node/logging?target=org.apache.cassandra&rawLevel=DEBUG", code: 200, answer: "OK"},
		{why: "all hints", path: "POST /api/v0/ops/node/hints/truncate", code: 200, answer: "OK"},
		{why: "hints for a node", path: "POST /api/v0/ops/node/hints/truncate?host=10.0.0.9", code: 200, answer: "OK"},
		{why: "the limit of compactions", path: "POST /api/v0/ops/node/compaction?value=64", code: 200, answer: "OK"},
		{why: "no limit", path: "POST /api/v0/ops/node/compaction?value=0", code: 200, answer: "OK"},
		{why: "a limit that is none", path: "POST /api/v0/ops/node/compaction?value=-1", code: 400, answer: "value"},
		{why: "compactions", path: "GET /api/v1/ops/tables/compactions", code: 200, answer: `[{"id":"c1","taskType":"Compaction"}]`},
		{why: "who logs in with a certificate", path: "POST /api/v1/ops/auth/identity_to_role", body: `{"identity":"spiffe://o'neil","role":"u"}`, code: 200, answer: "OK"},
		{why: "for an hour", path: "POST /api/v1/ops/auth/identity_to_role", body: `{"identity":"b","role":"u","ttl":3600}`, code: 200, answer: "OK"},
		{why: "for no time", path: "POST /api/v1/ops/auth/identity_to_role", body: `{"identity":"b","role":"u","ttl":0}`, code: 400, answer: "ttl"},
		{why: "for longer than Cassandra keeps anything", path: "POST /api/v1/ops/auth/identity_to_role", body: `{"identity":"b","role":"u","ttl":630720001}`, code: 400, answer: "ttl"},
		{why: "blank", path: "POST /api/v1/ops/auth/identity_to_role", body: `{"identity":" ","role":"u"}`, code: 400, answer: "identity"},
		{why: "as nobody", path: "POST /api/v1/ops/auth/identity_to_role", body: `{"identity":"a"}`, code: 400, answer: "role"},
		{why: "and no more", path: "DELETE /api/v1/ops/auth/identity_to_role", body: `{"identity":"spiffe://o'neil"}`, code: 200, answer: "OK"},
		{why: "nobody", path: "DELETE /api/v1/ops/auth/identity_to_role", body: `{}`, code: 400, answer: "identity"},
		{why: "the schema is read again", path: "POST /api/v0/ops/node/schema/reload", code: 200, answer: "OK"},
		{why: "the schema is fetched again", path: "POST /api/v0/ops/node/schema/reset", code: 200, answer: "OK"},
		{why: "seeds", path: "POST /api/v0/ops/seeds/reload", body: `{"seeds":["10.0.0.7"]}`, code: 200, answer: "[]"},
	} {
		e.try(t, base)
	}
	yaml, err := os.ReadFile(c.ConfigDir + "/cassandra.yaml")
	if err != nil || !strings.Contains(string(yaml), "seeds: 10.0.0.7\n") {
		t.Errorf("cassandra.yaml after the reload: %v\n%s", err, yaml)
	}
	if code, pid := ask(t, base, "GET", "/api/v0/lifecycle/pid", ""); code != 200 || pid == "" {
		t.Errorf("pid: %d %q", code, pid)
	}
}

func TestPasswordsAreHashedHere(t *testing.T) {
	log := &output{}
	c := testConfig(t, log)
	_, client, _ := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	if err := client.PutRole(t.Context(), mgmtapi.Role{Name: "admin", Password: "very-secret", Superuser: true, Login: true}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(c.DataDir + "/node.json")
	if err != nil {
		t.Fatal(err)
	}
	var n struct{ Roles map[string]fakeRole }
	if err := json.Unmarshal(data, &n); err != nil {
		t.Fatal(err)
	}
	if hash := n.Roles["admin"].Hash; !strings.HasPrefix(hash, "$2a$10$") {
		t.Errorf("hash %q", hash)
	}
	await(t, "it is logged", func() bool { return len(linesWith(log.String(), "auth/role")) == 1 })
	if strings.Contains(log.String(), "very-secret") || strings.Contains(string(data), "very-secret") {
		t.Error("the password went further than the agent")
	}
}

func TestAStartThatCannotBe(t *testing.T) {
	for _, test := range []struct {
		why    string
		change func(*Config)
		says   string
	}{
		{"an option that Java 17 doesn't have", func(c *Config) { c.Input.JVM["garbage_collector"] = "CMS" }, "garbage_collector: CMS"},
		{"seeds without addresses", func(c *Config) { c.Input.SeedNames = []string{"no.such.host.invalid"} }, "no.such.host.invalid"},
		{"no program", func(c *Config) { c.Java = "/nowhere/java" }, "/nowhere/java"},
	} {
		c := testConfig(t, &output{})
		test.change(&c)
		_, client, base := serve(t, c)
		exchange{why: test.why, path: "POST /api/v0/lifecycle/start", code: 420, answer: test.says}.try(t, base)
		if s, err := client.Status(t.Context()); err != nil || s.State != mgmtapi.Stopped {
			t.Errorf("%s: %+v, %v", test.why, s, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	env := map[string]string{
		"POD_NAME": "p-0", "POD_IP": "10.0.0.1", "RACK_NAME": "rack1", "HOST_IP": "10.9.9.9", "USE_HOST_IP_FOR_BROADCAST": "true",
		"CONFIG_FILE_DATA":      `{"cluster-info":{"name":"c","seeds":"a, b"},"datacenter-info":{"name":"dc1"},"pod-overrides":{"p-0":{"cassandra-yaml":{"num_tokens":1}}}}`,
		"CASSANDRA_JVM_PROFILE": "small",
	}
	c, err := FromEnvironment(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if c.BroadcastAddress != "10.9.9.9" || c.Input.Profile != cassandra.ProfileSmall || len(c.Input.SeedNames) != 2 || len(c.Input.CassandraYAML) != 1 || c.ConfigDir != "/config" {
		t.Errorf("%+v", c)
	}
	for name, bad := range map[string]string{"POD_IP": "", "CONFIG_FILE_DATA": "{", "JAVA_HOME": t.TempDir(), "RACK_NAME": ""} {
		_, err := FromEnvironment(func(n string) string {
			if n == name {
				return bad
			}
			return env[n]
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%q: %v", name, bad, err)
		}
	}
}

// An address goes from pod to pod: what is for one isn't done by the next.
func TestACallForAnotherPodIsRefused(t *testing.T) {
	c := testConfig(t, &output{})
	_, client, _ := serve(t, c)
	err := client.For("ring-dc1-rack2-sts-1").Start(t.Context(), mgmtapi.StartOptions{})
	if !errors.Is(err, mgmtapi.ErrUnavailable) || !strings.Contains(err.Error(), "the agent of ring-dc1-rack1-sts-0 and not of ring-dc1-rack2-sts-1") {
		t.Errorf("%v", err)
	}
	if s, err := client.For(c.PodName).Status(t.Context()); err != nil || s.State != mgmtapi.Stopped {
		t.Errorf("%+v, %v", s, err)
	}
}
