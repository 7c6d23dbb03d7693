package cloud

import (
	"strings"
	"testing"
)

func TestClustersAreNamed(t *testing.T) {
	all := []*cluster{{region: "east", name: "east.ring"}, {region: "west", name: "west.one"}, {region: "west", name: "west.two"}}
	for name, want := range map[string]string{"east": "east.ring", "east.ring": "east.ring", "west.two": "west.two"} {
		if c, err := named(all, name); err != nil || c.name != want {
			t.Errorf("%s names %v (%v), want %s", name, c, err, want)
		}
	}
	for _, name := range []string{"west", "north", ""} {
		if _, err := named(all, name); err == nil || !strings.Contains(err.Error(), "there are east, west.one, west.two") {
			t.Errorf("%q gives %v", name, err)
		}
	}
	if _, err := named(nil, "west"); err == nil || !strings.Contains(err.Error(), "nor any other yet") {
		t.Errorf("without any cluster: %v", err)
	}
}
