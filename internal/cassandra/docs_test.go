package cassandra

import (
	"os"
	"strings"
	"testing"
)

// Every value that isn't the user's or the code's is named with where it comes from.
func TestEveryDefaultIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/cassandra-yaml.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{ProfileProduction, ProfileSmall} {
		own := Merged([]Layer{{OfRingspan, necessary()}, {OfRingspan, directories(Node{})}, {OfRingspan, profiled(Input{Profile: profile}, nil)}})
		for key := range own {
			if !strings.Contains(string(page), "`"+key+"`") {
				t.Errorf("docs/reference/cassandra-yaml.md does not name %s (profile %q)", key, profile)
			}
		}
	}
}
