//go:build long

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestStoriesOfOneField plays stories of cass-operator that need a datacenter of their own each.
func TestStoriesOfOneField(t *testing.T) {
	theRegions(t)
	t.Run("config_fql and additional_volumes", peerQueryLog)
	t.Run("node_move", peerMove)
	t.Run("host_network", peerHostNetwork)
	t.Run("nodeport_service and additional_serviceoptions", peerServices)
}

// One node with a full query log, and a ConfigMap among its volumes.
func peerQueryLog(t *testing.T) {
	p := peer{"cluster2", "dc2"}
	one := []any{map[string]any{"name": "r1"}}
	datacenterOf(t, p.cluster, p.name, map[string]any{"size": 1, "racks": one, "stopped": true})
	applyObjects(t, map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "my-metrics-config", "namespace": peers}, "data": map[string]any{"metrics-collector.yaml": "a: 1"}})
	datacenterOf(t, p.cluster, p.name, map[string]any{
		"size": 1, "racks": one,
		"config": map[string]any{
			"cassandra-yaml":     map[string]any{"full_query_logging_options": map[string]any{"log_dir": "/var/log/cassandra/fql"}},
			"jvm-server-options": map[string]any{"initial_heap_size": "512m", "max_heap_size": "512m"},
		},
		"storageConfig": map[string]any{
			"cassandraDataVolumeClaimSpec": map[string]any{"storageClassName": "standard", "accessModes": []string{"ReadWriteOnce"}, "resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}}},
			"additionalVolumes":            []any{map[string]any{"name": "metrics-config", "mountPath": "/opt/management-api/configs", "volumeSource": map[string]any{"configMap": map[string]any{"name": "my-metrics-config"}}}},
		},
	})
	p.settled(t, 1)
	eventually(t, time.Minute, func() error {
		out := ringspan(t, "nodetool", "--region", west, "--node", p.pod("r1", 0), "--", "getfullquerylog")
		if words := strings.Join(strings.Fields(out), " "); !strings.Contains(words, "enabled true") || !strings.Contains(words, "log_dir /var/log/cassandra/fql") {
			return fmt.Errorf("the query log: %s", out)
		}
		return nil
	})
	if out := kubectl(t, west, "-n", peers, "exec", p.pod("r1", 0), "-c", "cassandra", "--", "cat", "/opt/management-api/configs/metrics-collector.yaml"); !strings.Contains(out, "a: 1") {
		t.Errorf("the volume has %s", out)
	}
	p.patch(t, `{"config": {"cassandra-yaml": null}}`)
	p.settled(t, 1)
	if out := ringspan(t, "nodetool", "--region", west, "--node", p.pod("r1", 0), "--", "getfullquerylog"); !strings.Contains(strings.Join(strings.Fields(out), " "), "enabled false") {
		t.Errorf("the query log goes on: %s", out)
	}
	peerTerminate(t, p)
}

// Nodes with one token each, of which one gets another.
func peerMove(t *testing.T) {
	p := peer{"cluster3", "dc3"}
	datacenterOf(t, p.cluster, p.name, map[string]any{"config": map[string]any{
		"cassandra-yaml":     map[string]any{"num_tokens": 1},
		"jvm-server-options": map[string]any{"initial_heap_size": "512m", "max_heap_size": "512m", "cassandra_ring_delay_ms": 5000},
	}})
	p.settled(t, 3)
	p.fill(t)
	const token = "-4242424242424242424"
	if got := p.task(t, "move-node", "move", `{"new_tokens": {"`+p.pod("r2", 0)+`": "`+token+`"}}`); !strings.HasPrefix(got, "1 ") {
		t.Errorf("succeeded: %s", got)
	}
	if out := p.cql(t, p.pod("r2", 0), "SELECT tokens FROM system.local"); !strings.Contains(out, token) {
		t.Errorf("tokens: %s", out)
	}
	p.settled(t, 3)
	p.hasRows(t)
	before := p.pods(t) // a node keeps the token that it was given
	p.patch(t, `{"rollingRestartRequested": true}`)
	eventually(t, 5*time.Minute, func() error { return differs(len(p.madeAnew(t, before)), 3) })
	p.settled(t, 3)
	if out := p.cql(t, p.pod("r2", 0), "SELECT tokens FROM system.local"); !strings.Contains(out, token) {
		t.Errorf("tokens after a restart: %s", out)
	}
	peerTerminate(t, p)
}

// Nodes with their machines' addresses, one on each machine.
func peerHostNetwork(t *testing.T) {
	p := peer{"cluster4", "dc4"}
	datacenterOf(t, p.cluster, p.name, map[string]any{"allowMultipleNodesPerWorker": nil, "networking": map[string]any{"hostNetwork": true}})
	p.settled(t, 3)
	for name := range p.pods(t) {
		if addresses := strings.Fields(p.get(t, "pod/"+name, "{.status.podIP} {.status.hostIP}")); len(addresses) != 2 || addresses[0] != addresses[1] {
			t.Errorf("%s has the addresses %v", name, addresses)
		}
	}
	p.fill(t)
	p.hasRows(t)
	peerTerminate(t, p)
}

// Ports of the machines for those outside, and labels and annotations of the user's on each Service.
func peerServices(t *testing.T) {
	p := peer{"cluster5", "dc5"}
	more := func(name string) map[string]any {
		return map[string]any{"additionalLabels": map[string]any{"of": name}, "additionalAnnotations": map[string]any{"example.com/of": name}}
	}
	datacenterOf(t, p.cluster, p.name, map[string]any{
		"networking": map[string]any{"nodePort": map[string]any{"native": 30001, "internode": 30002}},
		"additionalServiceConfig": map[string]any{
			"dcService": more("dc"), "seedService": more("seed"), "allpodsService": more("all"), "additionalSeedService": more("more"), "nodePortService": more("port"),
		},
	})
	p.settled(t, 3)
	for service, of := range map[string]string{"service": "dc", "all-pods-service": "all", "node-port-service": "port"} {
		name := "service/" + p.cluster + "-" + p.name + "-" + service
		if got := p.get(t, name, `{.metadata.labels.of} {.metadata.annotations.example\.com/of}`); got != of+" "+of {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := p.get(t, "service/"+p.cluster+"-seed-service", `{.metadata.labels.of}`); got != "seed" {
		t.Errorf("the seed service: %q", got)
	}
	if got := p.get(t, "service/"+p.cluster+"-"+p.name+"-node-port-service", "{.spec.type} {.spec.ports[*].nodePort}"); !strings.Contains(got, "NodePort") || !strings.Contains(got, "30001") || !strings.Contains(got, "30002") {
		t.Errorf("the Service of node ports: %s", got)
	}
	peerTerminate(t, p)
}
