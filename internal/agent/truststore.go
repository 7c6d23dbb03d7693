package agent

import (
	"context"
	"errors"
)

const messagingService = "org.apache.cassandra.net:type=MessagingService"

// errPlain is why a node has no truststore to read again.
var errPlain = errors.New("server_encryption_options.internode_encryption: this node speaks to the others without TLS, so there is no truststore to reload")

// encryptsInternode tells whether the node's configuration asks for TLS between nodes.
func (a *Agent) encryptsInternode() bool {
	options, _ := a.config.Input.CassandraYAML["server_encryption_options"].(map[string]any)
	mode, _ := options["internode_encryption"].(string)
	return mode != "" && mode != "none"
}

// handleReloadTruststore makes Cassandra read its keystores and truststores again. What isn't valid is refused by Cassandra,
// which goes on with what it has.
func (a *Agent) handleReloadTruststore(job bool) handler {
	return func(ctx context.Context, q *call) (int, any, error) {
		if !a.encryptsInternode() {
			return 400, nil, errPlain
		}
		reload := func(ctx context.Context) error {
			return exec(ctx, a.jmx, messagingService, "reloadSslCertificates", nil)
		}
		if job {
			return q.submitted(a.jobs.submit(ctx, "tsreload", reload))
		}
		return a.untilDone(ctx, q, "tsreload", reload)
	}
}
