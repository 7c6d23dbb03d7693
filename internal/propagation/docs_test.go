package propagation

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The reference has every reason of a region, and no other.
func TestTheReferenceHasEveryReason(t *testing.T) {
	source, err := os.ReadFile("../../api/fleet/v1alpha1/propagation_status.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/reference/propagation.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| reason of a region |")
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\tRegion\w+\s+= "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		known[m[1]] = true
		if !strings.Contains(table, "`"+m[1]+"`") {
			t.Errorf("reason %s isn't in the reference", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(table, -1) {
		for reason := range strings.SplitSeq(m[1], ", ") {
			if !known[strings.Trim(reason, "`")] {
				t.Errorf("the reference has %s, which no code says", reason)
			}
		}
	}
	if len(known) < 20 {
		t.Errorf("%d reasons: they are not found any more", len(known))
	}
}
