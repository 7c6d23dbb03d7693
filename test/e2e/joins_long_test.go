//go:build long

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestStoriesOfJoining makes one ring of datacenters that nobody made together: two of one namespace, and a K8ssandraCluster in another
// region that names seeds.
func TestStoriesOfJoining(t *testing.T) {
	theRegions(t)
	first, second := peer{"cluster8", "dc8"}, peer{"cluster8", "dc9"}
	small := map[string]any{"size": 1, "racks": []any{map[string]any{"name": "r1"}}, "config": map[string]any{
		"cassandra-yaml":     map[string]any{"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer", "role_manager": "CassandraRoleManager"},
		"jvm-server-options": map[string]any{"initial_heap_size": "512m", "max_heap_size": "512m", "cassandra_ring_delay_ms": 5000},
	}}
	datacenterOf(t, first.cluster, first.name, small)
	first.settled(t, 1)
	first.cql(t, first.pod("r1", 0), "CREATE ROLE there_before WITH PASSWORD = 'b' AND LOGIN = true")
	writeRows(t, first.pod("r1", 0), first.name)
	inTurn(t, first, []chapter[peer]{
		{"two datacenters of one namespace", func(t *testing.T, first peer) { siblingJoins(t, first, second, small) }},
		{"additional_seeds of another ring", foreignRingIsJoined},
	})
	kubectl(t, central, "-n", "joined", "delete", "k8c", "joiner", "--timeout=3m")
	kubectl(t, west, "-n", peers, "delete", "cassdc", first.name, second.name, "--timeout=3m")
}

// members is how many nodes of a datacenter are up in the eyes of the first ring's node.
func members(t *testing.T, of peer, datacenter string) int {
	t.Helper()
	out := ringspan(t, "nodetool", "--region", west, "--node", of.pod("r1", 0), "--", "status")
	_, after, _ := strings.Cut(out, "Datacenter: "+datacenter+"\n")
	own, _, _ := strings.Cut(after, "Datacenter: ")
	return strings.Count(own, "UN ")
}

func siblingJoins(t *testing.T, first, second peer, spec map[string]any) {
	before := first.pods(t)
	datacenterOf(t, second.cluster, second.name, spec)
	eventually(t, 4*time.Minute, func() error {
		return contains(second.get(t, "cassdc/"+second.name, conditionsPath), "Ready=True")
	})
	for _, one := range []peer{first, second} {
		if n := members(t, first, one.name); n != 1 {
			t.Errorf("%s has %d nodes in the ring of %s", one.name, n, first.name)
		}
	}
	if anew := first.madeAnew(t, before); len(anew) != 0 {
		t.Errorf("made anew: %v", anew)
	}
	if out := second.cql(t, second.pod("r1", 0), "LIST ROLES"); !strings.Contains(out, "there_before") {
		t.Errorf("%s has its own roles: %s", second.name, out)
	}
}

// The superuser's Secret is the other ring's, and nobody writes roles; the rows come by a rebuild.
func foreignRingIsJoined(t *testing.T, first peer) {
	var secret map[string]any
	if err := json.Unmarshal([]byte(kubectl(t, west, "-n", peers, "get", "secret", first.cluster+"-superuser", "-o", "json")), &secret); err != nil {
		t.Fatal(err)
	}
	seed := first.get(t, "pod/"+first.pod("r1", 0), "{.status.podIP}")
	objects, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": []any{
		map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "joined"}},
		map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "theirs", "namespace": "joined"}, "data": secret["data"]},
		map[string]any{"apiVersion": "k8ssandra.io/v1alpha1", "kind": "K8ssandraCluster",
			"metadata": map[string]any{"name": "joiner", "namespace": "joined", "annotations": map[string]any{"k8ssandra.io/dc-replication": `{"dc10": {"kept": 1}}`}},
			"spec": map[string]any{"externalDatacenters": []string{"dc8", "dc9"}, "cassandra": map[string]any{
				"clusterName": first.cluster, "serverVersion": "5.0.9", "superuserSecretRef": map[string]any{"name": "theirs"}, "additionalSeeds": []string{seed},
				"baseConfiguration": "cassandra_latest.yaml",
				"storageConfig":     map[string]any{"cassandraDataVolumeClaimSpec": map[string]any{"accessModes": []string{"ReadWriteOnce"}, "resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}}}},
				"resources":         map[string]any{"requests": map[string]any{"cpu": "50m", "memory": "256Mi"}, "limits": map[string]any{"cpu": "2", "memory": "1Gi"}},
				"config":            map[string]any{"jvmOptions": map[string]any{"cassandra_ring_delay_ms": 5000}},
				"datacenters":       []any{map[string]any{"metadata": map[string]any{"name": "dc10"}, "k8sContext": central, "size": 1}},
			}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	apply := kubectlCommand(central, "apply", "-f", "-")
	apply.Stdin = strings.NewReader(string(objects)) // a Secret: not into a file
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, 6*time.Minute, func() error {
		return contains(kubectl(t, central, "-n", "joined", "get", "k8c", "joiner", "-o", "jsonpath={range .status.conditions[?(@.type=='Ready')]}{.status} {.message}{end}"), "True")
	})
	for _, dc := range []string{first.name, "dc9", "dc10"} {
		if n := members(t, first, dc); n != 1 {
			t.Errorf("%s has %d nodes in the ring of %s", dc, n, first.name)
		}
	}
	const pod = "cluster8-dc10-default-sts-0"
	hasAllRows(t, central, pod)
	if out := ringspan(t, "cql", "--region", central, "--node", pod, "-o", "json", "-e", "LIST ROLES"); !strings.Contains(out, "there_before") {
		t.Errorf("the roles of the ring that was joined aren't there: %s", out)
	}
}
