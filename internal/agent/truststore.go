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

// handleReloadTruststore makes Cassandra read its keystores and truststores again. With what isn't valid it goes on with what
// it has.
func (a *Agent) handleReloadTruststore(job bool) handler {
	return func(ctx context.Context, q *call) (int, any, error) {
		if !a.encryptsInternode() {
			return 400, nil, errPlain
		}
		if job {
			return q.submitted(a.jobs.beside(ctx, "tsreload", a.reloadTruststore)) // certificates that expire don't wait for a compaction
		}
		return a.untilDone(ctx, q, "tsreload", a.reloadTruststore)
	}
}

// reloadTruststore looks at the stores first: of those that can't be read Cassandra tells its log only.
func (a *Agent) reloadTruststore(ctx context.Context) error {
	if err := exec(ctx, a.jmx, ownMBean, "checkCertificates", nil); err != nil {
		return err
	}
	return exec(ctx, a.jmx, messagingService, "reloadSslCertificates", nil)
}
