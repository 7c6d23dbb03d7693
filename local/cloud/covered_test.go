package cloud

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCoveredDirectoriesAreRefused(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/run", link); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"/run":                   "below /run",
		"/run/user/1000/fleet":   "the state directory /run/user/1000/fleet lies below /run",
		"/var/log/lab":           "below /var/log",
		link + "/not/there/yet":  "below /run",
		"/running":               "",
		filepath.Dir(link):       "",
		"/var/lib/not/there/yet": "",
	} {
		err := uncovered("the state directory", dir)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	err := NewClient("/run/lab").Start(t.Context(), twoRegions(), nil)
	if err == nil || !strings.Contains(err.Error(), "state directory /run/lab lies below /run") {
		t.Errorf("a lab was started: %v", err)
	}
}
