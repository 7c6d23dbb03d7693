package federation

import (
	"flag"
	"os"
	"testing"
)

// TestMain asks for more random stories than rapid's hundred: they take some seconds together, and the rarer ways to lose
// something show in one of a thousand.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "2000"); err != nil {
		panic(err) // rapid has renamed its flag
	}
	os.Exit(m.Run())
}
