package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A story that has been renamed or that uses the big ring now would run in the
// wrong row: it would still run, but bring up one ring more.
func TestStoriesBesidesTheRing(t *testing.T) {
	files, err := filepath.Glob("../../test/e2e/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var own []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, story := range regexp.MustCompile(`(?ms)^func (Test\w+)\(t \*testing\.T\) \{\n(.*?)^\}`).FindAllStringSubmatch(string(text), -1) {
			name, body := story[1], story[2]
			besides := regexp.MustCompile(besides).MatchString(name)
			if besides && strings.Contains(body, "theRing(t)") {
				t.Errorf("%s uses the ring of six nodes and is listed among those that don't", name)
			}
			if !besides && strings.HasPrefix(strings.TrimSpace(body), "t.Parallel()") {
				t.Errorf("%s has a cloud of its own: list it in besides", name)
			}
			if besides {
				own = append(own, name)
			}
		}
	}
	if n := strings.Count(besides, "|") + 1; len(own) != n {
		t.Errorf("%d stories are listed, these are there: %v", n, own)
	}
}
