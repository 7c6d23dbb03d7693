package task

import (
	"context"
	"encoding/json"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// truststoreReload makes each node read again the certificates that it trusts other nodes by.
func truststoreReload() command {
	return command{
		name:      api.CommandTSReload,
		about:     "have each node read the certificates of the connections between nodes again",
		arguments: []string{"pod_name"},
		lacks:     encryption,
		proceed:   (*Plan).onEachNode,
		needs:     serving,
		call: func(ctx context.Context, node mgmtapi.Node, _ api.JobArguments) (string, error) {
			return node.ReloadTruststore(ctx)
		},
	}
}

// encryption says that a datacenter has none between nodes.
func encryption(dc *cass.CassandraDatacenter) string {
	if dc.Spec.ConfigSecret != "" {
		return "" // it may have: the node says if it hasn't
	}
	var config struct {
		YAML struct {
			Options struct {
				Mode string `json:"internode_encryption"`
			} `json:"server_encryption_options"`
		} `json:"cassandra-yaml"`
	}
	_ = json.Unmarshal(dc.Spec.Config, &config) // a configuration that can't be read encrypts nothing
	if mode := config.YAML.Options.Mode; mode != "" && mode != "none" {
		return ""
	}
	return "has no encryption between nodes (spec.config.cassandra-yaml.server_encryption_options.internode_encryption), so there is no truststore to reload"
}
