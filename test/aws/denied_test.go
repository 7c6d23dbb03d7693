package aws

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// spared are the permissions without which a fleet goes up and down all the same,
// and why.
var spared = map[string]string{
	"servicequotas:GetServiceQuota": "AWS's defaults are taken, and the plan says so",
}

// Without any one of the permissions that up and down use, the error names that
// one as policies do, and nothing else is waited for.
func TestEachDeniedCallIsNamed(t *testing.T) {
	e := serve(t)
	w := request(t, strings.Replace(article, "    - {name: eu-central-1, cidr: 172.22.0.0/16}\n", "", 1), false) // one region and the jump host make all calls
	w.Spec.Admins = []string{"arn:aws:iam::123456789012:user/ada"}
	ends := func(ctx context.Context, do func(context.Context, *aws.Cloud) error) error {
		c, err := e.open(ctx, nil)
		if err != nil {
			return err
		}
		return do(ctx, c)
	}
	makes := func(ctx context.Context, c *aws.Cloud) error {
		_, err := provision.Up(ctx, c, w, time.Now(), provision.Watch{})
		return err
	}
	goes := func(ctx context.Context, c *aws.Cloud) error {
		_, err := provision.Down(ctx, c, w.Fleet, &w.Spec, time.Now(), provision.Watch{})
		return err
	}
	if err := ends(t.Context(), makes); err != nil {
		t.Fatal(err)
	}
	if err := ends(t.Context(), goes); err != nil {
		t.Fatal(err)
	}
	var calls []callCount
	e.drive(http.MethodGet, "calls", nil, &calls)
	actions := map[string]bool{}
	for _, k := range calls {
		actions[k.Service+":"+k.Action] = true
	}
	named := map[string][]string{}
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		e.drive(http.MethodPost, "reset", nil, nil)
		e.drive(http.MethodPut, "denied", []string{action}, nil)
		began := time.Now()
		verb, err := "up", ends(t.Context(), makes)
		if err == nil {
			verb, err = "down", ends(t.Context(), goes)
		}
		switch _, spare := spared[action]; {
		case err == nil && spare:
			verb = "neither"
		case err == nil:
			t.Errorf("without %s all goes well", action)
		case spare:
			t.Errorf("%s can be spared no longer: %v", action, err)
		case !strings.Contains(err.Error(), "no permission for "+action) || !strings.Contains(err.Error(), "ringspan policy"):
			t.Errorf("without %s %s says %v", action, verb, err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("without %s something else is waited for, %s", action, took)
		}
		named[verb] = append(named[verb], action)
	}
	for verb, all := range named {
		t.Logf("%s needs and names %d: %s", verb, len(all), strings.Join(all, " "))
	}
	if len(actions) < 80 || len(named["neither"]) != len(spared) {
		t.Errorf("only %d actions, %v spared", len(actions), named["neither"])
	}
}
