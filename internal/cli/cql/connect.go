package cql

import (
	"context"
	"fmt"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/region"
)

// connect opens a session at the pod's native port.
func connect(t region.Node, username, password, keyspace string) (*gocql.Session, error) {
	config := gocql.NewCluster(t.Pod.Status.PodIP)
	config.HostDialer = podDialer{t, datacenter.NativePort(&t.Pod)}
	config.DisableInitialHostLookup = true // only this pod
	config.IgnorePeerAddr = true
	config.NumConns, config.Timeout, config.ConnectTimeout = 1, 20*time.Second, 20*time.Second
	config.ReconnectionPolicy = &gocql.ConstantReconnectionPolicy{MaxRetries: 1, Interval: time.Second}
	config.ProtoVersion, config.Keyspace = 5, keyspace
	if username != "" {
		config.Authenticator = gocql.PasswordAuthenticator{Username: username, Password: password}
	}
	return config.CreateSession()
}

// podDialer connects to a port of one pod through the API server, whichever host
// the driver asks for.
type podDialer struct {
	node region.Node
	port int
}

// DialHost implements gocql.HostDialer.
func (d podDialer) DialHost(ctx context.Context, _ *gocql.HostInfo) (*gocql.DialedHost, error) {
	conn, err := d.node.Dial(ctx, d.port)
	if err != nil {
		return nil, fmt.Errorf("reaching port %d of pod %s in %s: %w", d.port, d.node.Pod.Name, d.node.Region.Name, err)
	}
	return &gocql.DialedHost{Conn: conn, DisableCoalesce: true}, nil
}
