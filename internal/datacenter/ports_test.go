package datacenter

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// Cassandra tells drivers the address of each node's machine when there are node ports, so it has to tell the machine's port too.
func TestThePortForClients(t *testing.T) {
	ports := func(c api.NodePortConfig, yaml string) func(*api.CassandraDatacenter) {
		return func(dc *api.CassandraDatacenter) {
			dc.Spec.Networking = &api.NetworkingConfig{NodePort: &c}
			if yaml != "" {
				dc.Spec.Config = json.RawMessage(yaml)
			}
		}
	}
	type service map[string]string // port, target, node port
	for _, c := range []struct {
		name   string
		change func(*api.CassandraDatacenter)
		port   int32
		said   string // of cassandra.yaml
		node   service
	}{
		{"none", nil, 9042, "", nil},
		{"native", ports(api.NodePortConfig{Native: 30042}, ""), 30042, `"native_transport_port":30042`, service{"native": "30042 native 30042"}},
		{"beside other settings", ports(api.NodePortConfig{Native: 30042, Internode: 30700}, `{"cassandra-yaml": {"concurrent_reads": 7}}`), 30042, `"cassandra-yaml":{"concurrent_reads":7,"native_transport_port":30042}`,
			service{"native": "30042 native 30042", "internode": "30700 7000 30700"}},
		{"encrypted", ports(api.NodePortConfig{NativeSSL: 30142}, ""), 30142, `"native_transport_port":30142`, service{"tls-native": "30142 native 30142"}},
		{"both", ports(api.NodePortConfig{Native: 30042, NativeSSL: 30142}, ""), 30042, `"native_transport_port":30042`, service{"native": "30042 native 30042", "tls-native": "30142 9142 30142"}},
		{"what the configuration says", ports(api.NodePortConfig{Native: 30042}, `{"cassandra-yaml": {"native_transport_port": 9043}}`), 9043, `"native_transport_port":9043`, service{"native": "30042 native 30042"}},
		{"as text", ports(api.NodePortConfig{}, `{"cassandra-yaml": {"native_transport_port": "9043"}}`), 9043, `"native_transport_port":"9043"`, service{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, pod := state(c.change), template(t, c.change)
			if got := NativePort(&corev1.Pod{Spec: pod.Spec}); got != int(c.port) {
				t.Errorf("port %d, want %d", got, c.port)
			}
			if config, err := s.configDocument(); err != nil || !strings.Contains(config, c.said) || c.said == "" && strings.Contains(config, "native_transport_port") {
				t.Errorf("configuration %s, want %s: %v", config, c.said, err)
			}
			for i, o := range s.Services() {
				switch got := o.Spec.Ports; {
				case i == 1 || i == 2:
					if got[0].Port != c.port || got[0].TargetPort != intstr.FromString("native") && (c.port != 9042 || got[0].TargetPort != intstr.FromInt(9042)) {
						t.Errorf("Service %s: %+v", o.Name, got[0])
					}
				case i == 4:
					all := service{}
					for _, p := range got {
						all[p.Name] = fmt.Sprintf("%d %s %d", p.Port, p.TargetPort.String(), p.NodePort)
					}
					if d := cmp.Diff(c.node, all); d != "" {
						t.Errorf("Service %s: %s", o.Name, d)
					}
				}
			}
		})
	}
}
