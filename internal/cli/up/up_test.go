package up

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
)

// What doesn't answer is named at the end, with what to do, and is an exit code of its own.
func TestWhatWasLeftOutIsTold(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	f := &fleet.File{}
	f.Fleet.Spec.Regions = []fleetv1.Region{{Name: "west"}}
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		u := &run{file: f, out: &out, errOut: &out, json: asJSON}
		err := u.show(result{LeftOut: []lifecycle.LeftOut{{Name: "west", Why: "its API server does not answer"}}})
		if code := invocation.Exit(0); !errors.As(err, &code) || code != invocation.ExitLeftOut {
			t.Errorf("%v", err)
		}
		want := []string{"Left out: west: its API server does not answer", "Run the same command again"}
		if asJSON {
			want = []string{`"leftOut"`, `"why": "its API server does not answer"`}
		}
		for _, part := range want {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%q is not in\n%s", part, &out)
			}
		}
	}
}
