package kubetest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared is the one cluster of a test binary, made when it is first asked for.
var shared struct {
	once    sync.Once
	allowed bool
	cluster *Cluster
	err     error
}

// Main runs a package's tests and stops the cluster that Shared gave them:
//
//	func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }
func Main(m *testing.M) int {
	shared.allowed = true
	code := m.Run()
	if shared.cluster == nil {
		return code
	}
	if err := shared.cluster.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "stopping the shared API server: %v\n", err)
		return 1
	}
	return code
}

// Shared returns the one cluster of this test binary. Tests keep apart by namespaces. The package must have a TestMain
// that calls Main.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	if !shared.allowed {
		t.Fatal("kubetest.Shared needs a TestMain that calls kubetest.Main: nobody would stop the API server")
	}
	shared.once.Do(func() { shared.cluster, shared.err = start() })
	if shared.err != nil {
		t.Fatalf("starting the shared API server: %v", shared.err)
	}
	return shared.cluster
}
