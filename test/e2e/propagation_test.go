package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const propagated = `
apiVersion: fleet.ringspan.io/v1alpha1
kind: Propagation
metadata: {name: front, namespace: shop}
spec:
  serviceAccountName: deployer
  placement: {regionSelector: {}}
  template: {apiVersion: v1, kind: ConfigMap, metadata: {name: front}, data: {colour: blue, size: small}}
  overrides:
  - region: eu-central-1
    patch: [{op: replace, path: /data/size, value: large}]
`

// front is what a region's ConfigMap says.
func front(t *testing.T, region string) string {
	t.Helper()
	return kubectl(t, region, "-n", "shop", "get", "configmap", "front", "--ignore-not-found", "-o", "jsonpath={.data.colour} {.data.size}")
}

// letDeploy makes the service account that the object is written as, with its rights, and lets the operator act as it.
func letDeploy(t *testing.T, region string) {
	t.Helper()
	for _, args := range []string{
		"create namespace shop",
		"-n shop create serviceaccount deployer",
		"-n shop create role deployer --verb get,create,patch,delete --resource configmaps",
		"-n shop create rolebinding deployer --role deployer --serviceaccount shop:deployer",
		"-n shop create role ringspan-as-deployer --verb impersonate --resource serviceaccounts --resource-name deployer",
		"-n shop create rolebinding ringspan-as-deployer --role ringspan-as-deployer --serviceaccount ringspan-system:ringspan-operator",
	} {
		kubectl(t, region, strings.Fields(args)...)
	}
}

// An object that two regions have, each with its own changes, is applied in one of them. It is edited while the other one is cut
// off, which follows when it is back, and it is deleted in that one, for both.
func TestAnObjectInTwoRegions(t *testing.T) {
	theRing(t)
	for _, region := range []string{west, central} {
		letDeploy(t, region)
		t.Cleanup(func() { kubectl(t, region, "delete", "namespace", "shop", "--wait=false") })
	}
	file := filepath.Join(t.TempDir(), "front.yaml")
	apply := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		kubectl(t, west, "apply", "-f", file)
	}
	is := func(region, want string) {
		t.Helper()
		eventually(t, time.Minute, func() error {
			if got := front(t, region); strings.TrimSpace(got) != want {
				return fmt.Errorf("the object of region %s is %q, and not %q", region, got, want)
			}
			return nil
		})
	}
	apply(propagated)
	is(west, "blue small")
	is(central, "blue large")

	fault(t, "cut", central)
	t.Cleanup(func() { fault(t, "heal") })
	apply(strings.Replace(propagated, "blue", "green", 1))
	is(west, "green small")
	kubectl(t, central, "-n", "shop", "patch", "configmap", "front", "--type=merge", "-p", `{"data":{"colour":"red"}}`)
	is(central, "blue large")
	eventually(t, time.Minute, func() error {
		return contains(ringspan(t, "propagate", "status", "front", "-n", "shop"), "InSync")
	})
	fault(t, "heal")
	is(central, "green large")

	kubectl(t, central, "-n", "shop", "delete", "propagation", "front", "--timeout=60s")
	is(west, "")
	is(central, "")
}
