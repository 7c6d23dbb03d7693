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
	clusters map[string]*sharedCluster
}

// sharedCluster is a cluster that whoever comes first starts, and all others wait for.
type sharedCluster struct {
	once    sync.Once
	cluster *Cluster
	err     error
}

// Main runs a package's tests and stops the clusters that Shared, Region and Regions gave them:
//
//	func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }
func Main(m *testing.M) int {
	shared.allowed, shared.clusters = true, map[string]*sharedCluster{}
	code := m.Run()
	errs := make(chan error, len(shared.clusters))
	for _, one := range shared.clusters {
		go func() {
			if one.cluster == nil {
				errs <- nil
				return
			}
			errs <- one.cluster.stop()
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
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
	one := sharedAs(t, name)
	one.start(name)
	if one.err != nil {
		t.Fatalf("starting the shared API server: %v", one.err)
	}
	return one.cluster
}

// Regions are the clusters of several regions by name. Those that nobody has asked for yet start at the same time.
func Regions(t testing.TB, names ...string) map[string]*Cluster {
	t.Helper()
	var group sync.WaitGroup
	for _, name := range names {
		one := sharedAs(t, name)
		group.Go(func() { one.start(name) })
	}
	group.Wait()
	all := map[string]*Cluster{}
	for _, name := range names {
		all[name] = Region(t, name)
	}
	return all
}

func (s *sharedCluster) start(name string) { s.once.Do(func() { s.cluster, s.err = start(name) }) }

func sharedAs(t testing.TB, name string) *sharedCluster {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if !shared.allowed {
		t.Fatal("kubetest.Shared needs a TestMain that calls kubetest.Main: nobody would stop the API server")
	}
	if shared.clusters[name] == nil {
		shared.clusters[name] = &sharedCluster{}
	}
	return shared.clusters[name]
}
