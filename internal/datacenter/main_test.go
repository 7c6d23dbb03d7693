package datacenter_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets each property try forty histories, unless the command line says how many: make test-long tries a thousand.
func TestMain(m *testing.M) {
	_ = flag.Set("rapid.checks", "40") // rapid's own flag
	flag.Parse()
	os.Exit(m.Run())
}
