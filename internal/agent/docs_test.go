package agent

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The reference names every call that the agent answers, and no other.
func TestTheReferenceIsComplete(t *testing.T) {
	calls := func(path, pattern string) map[string]bool {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(data), -1) {
			found[m[1]] = true
		}
		return found
	}
	documented := calls(filepath.Join("..", "..", "docs", "reference", "management-api.md"), "(?m)^\\| `([A-Z]+ /[^`]+)`")
	served := map[string]bool{}
	for _, r := range New(testConfig(t, &output{})).routes() {
		served[r.pattern] = true
	}
	for call := range served {
		if !documented[call] {
			t.Errorf("%s is served and not documented", call)
		}
	}
	for call := range documented {
		if !served[call] {
			t.Errorf("%s is documented and not served", call)
		}
	}
	if len(served) < 25 {
		t.Errorf("%d calls", len(served))
	}
}
