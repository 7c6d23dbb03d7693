package kubetest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared are the clusters of a test binary by region, each made when it is first asked for.
var shared struct {
	mu       sync.Mutex
	allowed  bool
	clusters map[string]*Cluster
}

// Main runs a package's tests and stops the clusters that Shared and Region gave them:
//
//	func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }
func Main(m *testing.M) int {
	shared.allowed, shared.clusters = true, map[string]*Cluster{}
	code := m.Run()
	for _, cluster := range shared.clusters {
		if err := cluster.stop(); err != nil {
			fmt.Fprintf(os.Stderr, "stopping the shared API server: %v\n", err)
			code = 1
		}
	}
	return code
}

// Shared returns the one cluster of this test binary. Tests keep apart by namespaces. The package must have a TestMain
// that calls Main.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	return Region(t, "kubetest")
}

// Region is like Shared, with a cluster of its own for each region.
func Region(t testing.TB, name string) *Cluster {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if !shared.allowed {
		t.Fatal("kubetest.Shared needs a TestMain that calls kubetest.Main: nobody would stop the API server")
	}
	if shared.clusters[name] == nil {
		cluster, err := start(name)
		if err != nil {
			t.Fatalf("starting the shared API server: %v", err)
		}
		shared.clusters[name] = cluster
	}
	return shared.clusters[name]
}
