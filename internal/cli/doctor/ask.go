package doctor

import (
	"context"
	"fmt"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/doctor"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/network"
)

// apiView is what the API shows to be wrong.
func apiView(ctx context.Context, c provision.Provider, fleet string, spec *fleetv1.FleetSpec) ([]network.Finding, error) {
	cloud, missing, err := c.Describe(ctx, fleet, spec)
	if err != nil {
		return nil, err
	}
	found := network.Check(cloud)
	for _, name := range missing {
		found = append(found, network.Finding{Severity: network.Fault, Check: network.Probe, From: name, Cause: "it has no cluster with nodes yet", Fix: "`ringspan up` makes it"})
	}
	network.Sort(found)
	return found, nil
}

// examineFile looks at the fleet of a file from the API alone.
func examineFile(ctx context.Context, a invocation.Account, f *invocation.Fleet, path string) (doctor.Report, error) {
	begin := time.Now()
	file, err := f.Load(path)
	if err != nil {
		return doctor.Report{}, err
	}
	c, spec, err := a.Reach(ctx, file)
	if err != nil {
		return doctor.Report{}, err
	}
	found, err := apiView(ctx, c, file.Fleet.Name, &spec)
	if provision.IsNotSupported(err) {
		err = fmt.Errorf("%s: %w; run doctor without -f, which measures them", path, err)
	}
	if err != nil {
		return doctor.Report{}, err
	}
	r := doctor.Report{Fleet: file.Fleet.Name, Findings: found, Probes: []doctor.Probe{}, Pairs: []doctor.Pair{}, Seconds: time.Since(begin).Seconds()}
	if r.Findings == nil {
		r.Findings = []network.Finding{}
	}
	r.Healthy = len(r.Faults()) == 0
	return r, nil
}
