package cni

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		why, values string
		want        Config
		refusal     string
	}{
		{"nothing said", "", Config{NodeMTU: 9001, PodMTU: 9001}, ""},
		{"no variables", `{"resources":{}}`, Config{NodeMTU: 9001, PodMTU: 9001}, ""},
		{"ranges, with and without spaces", `{"env":{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS":"172.21.0.0/16, 172.22.0.0/16","WARM_IP_TARGET":"5"}}`,
			Config{NodeMTU: 9001, PodMTU: 9001, Excluded: []netip.Prefix{netip.MustParsePrefix("172.21.0.0/16"), netip.MustParsePrefix("172.22.0.0/16")}}, ""},
		{"someone else translates", `{"env":{"AWS_VPC_K8S_CNI_EXTERNALSNAT":"true"}}`, Config{KeepSource: true, NodeMTU: 9001, PodMTU: 9001}, ""},
		{"pods follow the node", `{"env":{"AWS_VPC_ENI_MTU":"8500"}}`, Config{NodeMTU: 8500, PodMTU: 8500}, ""},
		{"or have their own", `{"env":{"POD_MTU":"8500"}}`, Config{NodeMTU: 9001, PodMTU: 8500}, ""},
		{"no JSON", `env: {}`, Config{}, "configurationValues of vpc-cni"},
		{"no range", `{"env":{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS":"172.21.0.0"}}`, Config{}, "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"},
		{"no truth", `{"env":{"AWS_VPC_K8S_CNI_EXTERNALSNAT":"maybe"}}`, Config{}, "neither true nor false"},
		{"too large", `{"env":{"POD_MTU":"9002"}}`, Config{}, "POD_MTU"},
	} {
		got, err := Parse(c.values)
		if c.refusal != "" {
			if err == nil || !strings.Contains(err.Error(), c.refusal) {
				t.Errorf("%s: got %v, want a refusal that says %q", c.why, err, c.refusal)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
		}
		if d := cmp.Diff(c.want, got, cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s:\n%s", c.why, d)
		}
	}
}
