package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// The superuser's password changes while a region is cut off, and then its name: clients of each region get in with the Secret
// that is there all the time, each region says which version that is, and the former role goes when no region needs it.
func TestTheSuperuserIsRotatedDuringACut(t *testing.T) {
	theRing(t)
	const secret, password = "cassandra-admin-secret", "change-me-before-you-rely-on-it"
	const here, there = ring + "-dc1-rack1-sts-0", ring + "-dc2-rack1-sts-0"
	change := func(name, password string) {
		kubectl(t, west, "patch", "secret", secret, "--type=merge", "-p", `{"stringData":{"username":"`+name+`","password":"`+password+`"}}`)
	}
	logins := func(region, pod string, works map[string]string, fail, former string) error {
		port, end := forward(t, region, "default", pod)
		defer end()
		for name, password := range works {
			if err := tryLogin(port, name, password); err != nil {
				return fmt.Errorf("%s with %s: %w", name, password, err)
			}
		}
		if fail != "" && tryLogin(port, fail, former) == nil {
			return errors.New(fail + " logs in")
		}
		return nil
	}
	says := func(region, dc, text string) {
		t.Helper()
		eventually(t, time.Minute, func() error {
			return contains(kubectl(t, region, "get", "cassdc", dc, "-o", "jsonpath={range .status.conditions[?(@.type=='SuperuserLogin')]}{.status} {.reason} {.message}.{end}"), text)
		})
	}
	version := func() string {
		return kubectl(t, west, "get", "secret", secret, "-o", "jsonpath={.metadata.resourceVersion}")
	}
	before := uids(t, west) + uids(t, central)
	fault(t, "cut", central)
	t.Cleanup(func() { fault(t, "heal") })
	eventually(t, time.Minute, func() error {
		return contains(kubectl(t, west, "get", "k8c", ring, "-o", "jsonpath={.status.conditions[?(@.type=='PeersReachable')].message}"), "is unreachable since 2")
	})
	first := version()
	change(user, "second")
	eventually(t, time.Minute, func() error { return logins(west, here, map[string]string{user: "second"}, "", "") })
	says(west, "dc1", "True LoginElsewhere Secret "+secret+", version "+version()+"; datacenter dc2, which is away")
	if err := logins(central, there, map[string]string{user: password}, "", ""); err != nil {
		t.Errorf("in the region that is cut off, with the Secret that it has: %v", err)
	}
	says(central, "dc2", "True Reconciled Secret "+secret+", a copy of version "+first+" of region "+west)
	fault(t, "heal")
	says(central, "dc2", "True Reconciled Secret "+secret+", a copy of version "+version()+" of region "+west)
	says(west, "dc1", "True Reconciled Secret "+secret+", version "+version()+".")
	eventually(t, time.Minute, func() error { return logins(central, there, map[string]string{user: "second"}, "", "") })

	change("another-admin", "third")
	says(west, "dc1", "True Reconciled Secret "+secret+", version "+version()+".")
	says(central, "dc2", "a copy of version "+version())
	for region, pod := range map[string]string{west: here, central: there} {
		eventually(t, time.Minute, func() error { return logins(region, pod, map[string]string{"another-admin": "third"}, user, "second") })
	}
	change(user, password)
	for region, pod := range map[string]string{west: here, central: there} {
		eventually(t, time.Minute, func() error { return logins(region, pod, map[string]string{user: password}, "another-admin", "third") })
	}
	awaitWhole(t)
	if now := uids(t, west) + uids(t, central); now != before {
		t.Errorf("pods were restarted: %s, before %s", now, before)
	}
}
