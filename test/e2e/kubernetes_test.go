package e2e

import (
	"strings"
	"testing"
)

// kubectl shows what users of the article look for, by its names.
func TestKubectlShowsTheArticlesObjects(t *testing.T) {
	theRing(t)
	services := kubectl(t, west, "get", "services", "-o", "name")
	for _, name := range []string{"dc1-service", "dc1-all-pods-service", "dc1-additional-seed-service", "seed-service"} {
		if !strings.Contains(services, "service/"+ring+"-"+name) {
			t.Errorf("no Service %s among\n%s", name, services)
		}
	}
	pods := kubectl(t, west, "get", "pods", "-l", "cassandra.datastax.com/seed-node=true", "--no-headers")
	if strings.Count(pods, "2/2") != 3 {
		t.Errorf("seed pods with two containers:\n%s", pods)
	}
	if zone := kubectl(t, central, "get", "nodes", "-l", "topology.kubernetes.io/zone=eu-central-1b,failure-domain.beta.kubernetes.io/zone=eu-central-1b", "-o", "name"); !strings.Contains(zone, ".eu-central-1.compute.internal") {
		t.Errorf("node of eu-central-1b: %s", zone)
	}
	if claims := kubectl(t, central, "get", "pvc", "--no-headers"); strings.Count(claims, "Bound") != 3 || strings.Count(claims, "local-path") != 3 {
		t.Errorf("volumes:\n%s", claims)
	}
	if log := kubectl(t, west, "logs", ring+"-dc1-rack1-sts-0", "-c", "cassandra", "--tail=400"); !strings.Contains(log, "INFO") {
		t.Errorf("Cassandra's log is not the container's:\n%s", log)
	}
}

// A field that is not acted on is named, by a condition and an event.
func TestFieldsNotActedOnAreNamed(t *testing.T) {
	theRing(t)
	kubectl(t, west, "patch", "k8c", ring, "--type=merge", "-p", `{"spec":{"reaper":{"keyspace":"reaper_db"}}}`)
	eventually(t, 60e9, func() error {
		return contains(kubectl(t, central, "get", "k8c", ring, "-o", "jsonpath={.status.conditions[?(@.type=='FieldsNotActedOn')].message}"), "spec.reaper")
	})
	eventually(t, 60e9, func() error {
		return contains(kubectl(t, west, "get", "events", "--field-selector=reason=NotActedOn", "-o", "jsonpath={.items[*].message}"), "spec.reaper")
	})
	kubectl(t, west, "patch", "k8c", ring, "--type=json", "-p", `[{"op":"remove","path":"/spec/reaper"}]`)
	eventually(t, 60e9, func() error {
		return contains("x"+kubectl(t, central, "get", "k8c", ring, "-o", "jsonpath={.spec.reaper}")+"x", "xx")
	})
}

// Applying again what is there changes nothing: no pod, and not a single object.
func TestUpAgainChangesNothing(t *testing.T) {
	theRing(t)
	before := settled(t)
	ringspan(t, "up", fileName)
	if news := before.changes(settled(t)); news != "" {
		t.Errorf("changed by the second up:\n%s", news)
	}
}
