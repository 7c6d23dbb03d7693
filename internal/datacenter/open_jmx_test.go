package datacenter_test

import (
	"strings"
	"testing"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// JVM options that let everybody into JMX are named like a management API that does.
func TestAnOpenJMXIsNamed(t *testing.T) {
	const off = `"-Dcom.sun.management.jmxremote.authenticate=false"`
	for _, test := range []struct {
		why, config string
		open        bool
	}{
		{"nothing is said", `{"jvm-server-options":{"additional-jvm-opts":["-Dfoo=true"]}}`, false},
		{"switched off", `{"jvm-server-options":{"additional-jvm-opts":["-Dfoo=true",` + off + `]}}`, true},
		{"in the section of a version", `{"jvm17-server-options":{"additional-jvm-opts":[` + off + `]}}`, true},
		{"in the environment", `{"cassandra-env-sh":{"additional-jvm-opts":[` + off + `]}}`, true},
		{"the last option wins", `{"jvm-server-options":{"additional-jvm-opts":[` + off + `,"-Dcom.sun.management.jmxremote.authenticate=true"]}}`, false},
		{"in a section without effect", `{"jvm8-server-options":{"additional-jvm-opts":[` + off + `]}}`, false},
	} {
		w := newWorld()
		r := w.add("dc1", 1, []string{"r1"}, false)
		r.dc.Spec.Config = []byte(test.config)
		w.settle(60, nil)
		c := r.dc.Status.Condition(api.DatacenterInsecure)
		if got := c != nil && strings.Contains(c.Message, "JMX"); got != test.open {
			t.Errorf("%s: %+v", test.why, c)
		}
	}
}
