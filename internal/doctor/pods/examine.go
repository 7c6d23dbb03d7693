package pods

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ringspan/ringspan/internal/doctor"
	"github.com/ringspan/ringspan/internal/doctor/probe"
	"github.com/ringspan/ringspan/internal/network"
)

// Limits of a run: it is over within a minute, removing the probes included.
const (
	factsLimit   = 8 * time.Second
	measureLimit = 28 * time.Second
)

// Examine puts a probe into every zone of every region, lets all of them
// measure at once, and deletes them. What can't be measured is part of the
// observation; an error means that the probes could not be deleted, or that
// the context ended.
func Examine(ctx context.Context, regions []Region) (doctor.Observation, error) {
	e := newExamination(regions)
	run := strings.ToLower(rand.Text()[:10])
	defer e.each(func(i int, r Region) {
		if err := r.remove(ctx, run, time.Now()); err != nil && e.err[i] == nil {
			e.leftover[i] = fmt.Errorf("deleting the probes of %s: %w", r.Name, err)
		}
	})
	e.each(func(i int, r Region) {
		e.inspect(ctx, i)
		if e.err[i] == nil {
			e.pods[i], e.late[i], e.err[i] = r.startProbes(ctx, run, e.facts[i].zones)
		}
	})
	e.measure(ctx, tasks{})
	return e.observation(), errors.Join(append(e.leftover, ctx.Err())...)
}

// examination is one run. Its slices have one element for each region.
type examination struct {
	regions  []Region
	facts    []facts
	pods     [][]corev1.Pod
	late     [][]string
	err      []error
	leftover []error
	spots    []doctor.ObservedProbe
	failed   []doctor.Missing
	others   []doctor.Other
}

func newExamination(regions []Region) *examination {
	n := len(regions)
	return &examination{regions: regions, facts: make([]facts, n), pods: make([][]corev1.Pod, n),
		late: make([][]string, n), err: make([]error, n), leftover: make([]error, n)}
}

// each does something for all regions at once.
func (e *examination) each(do func(i int, r Region)) {
	var group sync.WaitGroup
	for i, r := range e.regions {
		group.Go(func() { do(i, r) })
	}
	group.Wait()
}

func (e *examination) inspect(ctx context.Context, i int) {
	ctx, cancel := context.WithTimeout(ctx, factsLimit)
	defer cancel()
	e.facts[i], e.err[i] = e.regions[i].facts(ctx)
}

// tasks says how probes measure.
type tasks struct {
	listen bool // they open the ports themselves, for as long as it takes
}

// measure runs all tasks at once and waits for all results before any probe
// stops listening.
func (e *examination) measure(ctx context.Context, how tasks) {
	e.targets()
	within, cancel := context.WithTimeout(ctx, measureLimit)
	defer cancel()
	var group sync.WaitGroup
	sessions := make([]*session, len(e.spots))
	failures := make([]error, len(e.spots))
	for n := range e.spots {
		s := &e.spots[n]
		i, pod := e.podOf(s)
		group.Go(func() {
			if sessions[n], failures[n] = e.regions[i].start(within, pod, e.task(s, i, how)); failures[n] == nil {
				s.Result, failures[n] = sessions[n].result()
			}
		})
	}
	group.Wait()
	for _, s := range sessions {
		if s != nil {
			group.Go(s.close)
		}
	}
	group.Wait()
	for n, err := range failures {
		if err != nil {
			e.failed = append(e.failed, doctor.Missing{Region: e.spots[n].Region, What: "in " + e.spots[n].Zone, Why: err.Error()})
		}
	}
}

// targets lists all probes and what else is to be reached.
func (e *examination) targets() {
	for i, r := range e.regions {
		for _, p := range e.pods[i] {
			node := e.facts[i].nodes[p.Spec.NodeName]
			address, _ := netip.ParseAddr(p.Status.PodIP)
			e.spots = append(e.spots, doctor.ObservedProbe{Name: r.Name + "/" + p.Name, Region: r.Name, Zone: node.zone, Node: p.Spec.NodeName, NodeIP: node.address, Address: address})
		}
		for _, p := range e.facts[i].rings {
			e.others = append(e.others, doctor.Other{Name: p.Namespace + "/" + p.Name, Region: r.Name, Kind: doctor.Cassandra, Host: p.Status.PodIP})
		}
		e.others = append(e.others, doctor.Other{Name: "API server of " + r.Name, Region: r.Name, Kind: doctor.APIServer})
	}
}

func (e *examination) podOf(s *doctor.ObservedProbe) (region int, pod *corev1.Pod) {
	for i, r := range e.regions {
		for n := range e.pods[i] {
			if r.Name+"/"+e.pods[i][n].Name == s.Name {
				return i, &e.pods[i][n]
			}
		}
	}
	panic("a probe without a pod") // probes are made of pods
}

// task is what one probe is to measure: everything of the other regions.
func (e *examination) task(s *doctor.ObservedProbe, i int, how tasks) probe.Task {
	t := probe.Task{Self: s.Name, Names: names(e.facts[i])}
	ports := network.NodePorts()
	if how.listen {
		t.Listen = ports
	}
	for _, o := range e.spots {
		if o.Region != s.Region {
			t.Targets = append(t.Targets, probe.Target{Name: o.Name, Host: o.Address.String(), Ports: ports, Kind: probe.Prober, Patient: true})
		}
	}
	for _, o := range e.others {
		switch at, known := e.facts[i].peers[o.Region]; {
		case o.Region == s.Region:
		case o.Kind == doctor.Cassandra:
			t.Targets = append(t.Targets, probe.Target{Name: o.Name, Host: o.Host, Ports: ports[:1], Kind: probe.Other})
		case known:
			t.Targets = append(t.Targets, probe.Target{Name: o.Name, Host: at.host, Ports: []int{at.port}, Kind: probe.Other})
		}
	}
	return t
}

// names are what the region's pods must be able to look up.
func names(f facts) []string {
	all := []string{knownService}
	for _, p := range f.peers {
		if _, err := netip.ParseAddr(p.host); err != nil {
			all = append(all, p.host)
		}
	}
	return all
}

func (e *examination) observation() doctor.Observation {
	o := doctor.Observation{ObservedProbes: e.spots, Others: e.others, Names: map[string][]doctor.Name{}, Missing: e.failed}
	for i, r := range e.regions {
		o.Regions = append(o.Regions, r.Name)
		for _, n := range names(e.facts[i]) {
			name := doctor.Name{Name: n}
			if n == knownService {
				name.Want = e.facts[i].dns
			}
			o.Names[r.Name] = append(o.Names[r.Name], name)
		}
		for _, why := range e.late[i] {
			o.Missing = append(o.Missing, doctor.Missing{Region: r.Name, What: "from all of it", Why: why})
		}
		if e.err[i] != nil {
			o.Missing = append(o.Missing, doctor.Missing{Region: r.Name, What: "from it", Why: e.err[i].Error()})
		}
	}
	return o
}
