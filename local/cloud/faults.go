package cloud

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ringspan/ringspan/local/aws/lab"
	"github.com/ringspan/ringspan/local/clock"
)

// Fault is a disturbance that lasts until it is healed.
type Fault struct {
	Kind  string    `json:"kind"` // one of lasting
	Args  []string  `json:"args"`
	Since time.Time `json:"since"`
}

// Faults that are the nodes' matter, and not the networks'.
const (
	snat      = "snat"
	clockKind = "clock"
)

// lasting are the kinds of faults with what they are about: regions (REGION, A,
// B), a PORT, BYTES, or an OFFSET of time.
var lasting = map[string]string{
	lab.Cut: "REGION", lab.CutLink: "A B", lab.Drop: "A B PORT", lab.MTU: "A B BYTES", lab.ICMP: "A B", snat: "REGION", lab.DNS: "REGION",
	clockKind: "REGION OFFSET",
}

// faults keeps those that are in force, and brings the networks to them.
type faults struct {
	networks  *lab.Networks
	translate func(region string) error // brings a region's nodes to what disguises says
	clocks    *clocks

	turn   sync.Mutex // held by whoever adds or heals
	mu     sync.Mutex
	active []Fault
}

func (f *faults) add(kind string, args []string) error {
	if err := checkFault(kind, args, f.networks.Regions()); err != nil {
		return err
	}
	f.turn.Lock()
	defer f.turn.Unlock()
	before := f.list()
	fault := Fault{Kind: kind, Args: args, Since: time.Now().UTC().Truncate(time.Second)}
	return f.replace(before, append(slices.Clone(before), fault))
}

// checkFault says what is wrong with a requested fault.
func checkFault(kind string, args, regions []string) error {
	usage, ok := lasting[kind]
	names := strings.Fields(usage)
	if !ok || len(names) != len(args) {
		var all []string
		for _, k := range slices.Sorted(maps.Keys(lasting)) {
			all = append(all, k+" "+lasting[k])
		}
		return fmt.Errorf("fault %s %s: the faults that last are %s", kind, strings.Join(args, " "), strings.Join(all, ", "))
	}
	for i, name := range names {
		if err := checkArgument(name, args[i], regions); err != nil {
			return fmt.Errorf("fault %s: %w", kind, err)
		}
	}
	if len(args) > 1 && args[0] == args[1] {
		return fmt.Errorf("fault %s: %s and %s are one region", kind, args[0], args[1])
	}
	return nil
}

// The smallest packet that every link of IPv4 lets pass, in bytes (RFC 791).
const smallestMTU = 68

func checkArgument(name, value string, regions []string) error {
	least := 1
	switch name {
	case "OFFSET":
		offset, err := time.ParseDuration(value)
		switch {
		case err != nil || offset == 0:
			return fmt.Errorf("%q is not a time such as 2s or -1.5s", value)
		case offset.Abs() > clock.Limit:
			return fmt.Errorf("%s is more than %s", offset, clock.Limit)
		}
		return clock.Supported()
	case "BYTES":
		least = smallestMTU
		fallthrough
	case "PORT":
		if n, err := strconv.Atoi(value); err != nil || n < least || n > 65535 {
			return fmt.Errorf("%q is not a number between %d and 65535", value, least)
		}
		return nil
	}
	if slices.Contains(regions, value) {
		return nil
	}
	if len(regions) == 0 {
		return fmt.Errorf("there is no network in region %q, nor in any other yet", value)
	}
	return fmt.Errorf("there is no network in region %q; there are some in %s", value, strings.Join(regions, ", "))
}

// heal ends the faults of a kind with the given arguments; no kind means all.
func (f *faults) heal(kind string, args []string) error {
	f.turn.Lock()
	defer f.turn.Unlock()
	before := f.list()
	after := slices.DeleteFunc(slices.Clone(before), func(a Fault) bool {
		return kind == "" || a.Kind == kind && (len(args) == 0 || slices.Equal(a.Args, args))
	})
	if kind != "" && len(after) == len(before) {
		return fmt.Errorf("there is no fault %s %s to heal", kind, strings.Join(args, " "))
	}
	return f.replace(before, after)
}

func (f *faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.active)
}

func (f *faults) set(active []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = active
}

// replace brings everything to other faults, or back where that fails.
func (f *faults) replace(before, after []Fault) error {
	err := f.apply(before, after)
	if err != nil && len(after) > len(before) {
		_ = f.apply(after, before) // the first error says more
	}
	return err
}

func (f *faults) apply(before, after []Fault) error {
	f.set(after)
	if err := f.networks.Disturb(ofNetworks(after)); err != nil {
		return err
	}
	f.clocks.set(offsets(after))
	for _, fault := range slices.Concat(before, after) {
		region := fault.Args[0]
		if fault.Kind != snat || disguised(before, region) == disguised(after, region) {
			continue
		}
		if err := f.translate(region); err != nil {
			return err
		}
	}
	return nil
}

// offsets of the regions whose clocks are wrong; the last fault wins.
func offsets(active []Fault) map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, a := range active {
		if a.Kind == clockKind {
			all[a.Args[0]], _ = time.ParseDuration(a.Args[1]) // checked when it was added
		}
	}
	return all
}

// ofNetworks are the faults that are the networks' matter.
func ofNetworks(active []Fault) (all []lab.Fault) {
	for _, a := range active {
		if a.Kind == clockKind {
			continue
		}
		f := lab.Fault{Kind: a.Kind, A: a.Args[0]}
		if len(a.Args) > 1 {
			f.B = a.Args[1]
		}
		if len(a.Args) > 2 {
			f.Number, _ = strconv.Atoi(a.Args[2]) // checked when it was added
		}
		all = append(all, f)
	}
	return all
}

// disguises tells whether a region's pods are seen with their nodes' addresses
// by everybody outside their VPC.
func (f *faults) disguises(region string) bool { return disguised(f.list(), region) }

func disguised(active []Fault, region string) bool {
	return slices.ContainsFunc(active, func(a Fault) bool { return a.Kind == snat && a.Args[0] == region })
}
