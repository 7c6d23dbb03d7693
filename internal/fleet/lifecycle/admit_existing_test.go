package lifecycle

import (
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/fleet/inventory"
)

// A region that answers only when the others are on record already comes onto it too, and
// may still turn out to be one of them.
func TestARegionThatAnswersLateIsOnRecord(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	f, err := inventory.OpenExisting("theirs", "/k")
	if err != nil {
		t.Fatal(err)
	}
	f.Clusters = map[string]string{"west": "W", "central": ""}
	if err := f.Save([]byte("saved")); err != nil {
		t.Fatal(err)
	}
	p := &existingPlatform{Existing: f, ids: map[string]string{"west": "W"}, saved: true}
	if err := p.learn("central", "W"); err == nil || !strings.Contains(err.Error(), "one cluster") {
		t.Errorf("one cluster under two names: %v", err)
	}
	if err := p.learn("central", "C"); err != nil {
		t.Error(err)
	}
	if f, err = inventory.OpenExisting("theirs", "/k"); err != nil || f.Clusters["central"] != "C" || f.Clusters["west"] != "W" {
		t.Errorf("%v %v", f.Clusters, err)
	}
}
