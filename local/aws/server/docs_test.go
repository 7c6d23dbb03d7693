package server_test

import (
	"os"
	"strings"
	"testing"

	"github.com/ringspan/ringspan/local/aws/server"
	"github.com/ringspan/ringspan/local/aws/world"
)

func TestReferenceNamesEveryAction(t *testing.T) {
	text, err := os.ReadFile("../../../docs/reference/embedded-aws.md")
	if err != nil {
		t.Fatal(err)
	}
	_, listed, _ := strings.Cut(string(text), "## Actions")
	s, err := server.New(server.Options{World: world.Options{Account: account}})
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for service, actions := range s.Actions() {
		for _, a := range actions {
			known++
			if !strings.Contains(listed, "`"+a+"`") {
				t.Errorf("%s:%s isn't listed", service, a)
			}
		}
	}
	if got := strings.Count(listed, "`") / 2; got != known {
		t.Errorf("%d actions are listed, there are %d", got, known)
	}
}
