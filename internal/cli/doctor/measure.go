package doctor

import (
	"context"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/doctor"
	"github.com/ringspan/ringspan/internal/doctor/pods"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/network"
	"github.com/ringspan/ringspan/internal/region"
)

// examine measures, and explains what it finds by what the cloud says of itself.
func examine(ctx context.Context, p inventory.Fleet, all []region.Region) (doctor.Report, error) {
	begin := time.Now()
	said := make(chan func() ([]network.Finding, error), 1)
	go func() {
		findings, err := causes(ctx, p, all)
		said <- func() ([]network.Finding, error) { return findings, err }
	}()
	seen, err := pods.Examine(ctx, pods.Of(all))
	report := doctor.Diagnose(seen)
	known, asked := (<-said)()
	if asked != nil {
		known = []network.Finding{unasked(p.Name(), asked)}
	}
	report.Findings = network.Explain(known, report.Findings)
	report.Healthy = len(report.Faults()) == 0
	report.Seconds = time.Since(begin).Seconds()
	return report, err
}

// causes are what AWS's API shows to be wrong with a fleet.
func causes(ctx context.Context, p inventory.Fleet, all []region.Region) ([]network.Finding, error) {
	c, err := p.OpenProvider(ctx)
	if err != nil {
		return nil, err
	}
	var spec fleetv1.FleetSpec
	for _, r := range all {
		spec.Regions = append(spec.Regions, fleetv1.Region{Name: r.Name})
	}
	found, err := apiView(ctx, c, p.Name(), &spec)
	if provision.IsNotSupported(err) {
		return nil, nil // what was measured stands by itself
	}
	return found, err
}

// unasked: what was measured stands by itself.
func unasked(fleet string, err error) network.Finding {
	return network.Finding{Severity: network.Warning, Check: network.Probe, From: fleet, Cause: "AWS's API can't be asked for causes: " + err.Error(), Fix: "look at your credentials; what was measured stands without it"}
}
