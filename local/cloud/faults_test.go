package cloud

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/local/aws/lab"
)

func TestFaultsAreChecked(t *testing.T) {
	known := []string{"east", "west"}
	for args, want := range map[string]string{ // "" means valid
		"cut west": "", "cut-link west east": "", "drop west east 7000": "", "mtu east west 68": "", "icmp east west": "", "snat west": "", "dns east": "",
		"cut":                   "cut REGION",
		"cut north":             `no network in region "north"; there are some in east, west`,
		"cut-link west north":   `"north"`,
		"cut-link west west":    "west and west are one region",
		"drop west east 0":      `"0" is not a number between 1 and 65535`,
		"drop west east 65536":  `"65536"`,
		"drop west east https":  `"https"`,
		"mtu west east 67":      `"67" is not a number between 68`,
		"explode west":          "the faults that last are clock REGION OFFSET, cut REGION, cut-link A B, dns REGION, drop A B PORT, icmp A B, mtu A B BYTES, snat REGION",
		"mtu west east 1300 99": "mtu A B BYTES",
		"clock west 2s":         "",
		"clock west -1.5s":      "",
		"clock west 2":          `"2" is not a time such as 2s or -1.5s`,
		"clock west 0s":         "is not a time",
		"clock west 1000000h":   "is more than",
		"clock north 2s":        `no network in region "north"`,
	} {
		fields := strings.Fields(args)
		err := checkFault(fields[0], fields[1:], known)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", args, err, want)
		}
	}
	if err := checkFault("cut", []string{"west"}, nil); err == nil || !strings.Contains(err.Error(), "nor in any other yet") {
		t.Errorf("without any network: %v", err)
	}
}

func TestFaultsOfNetworks(t *testing.T) {
	got := ofNetworks([]Fault{{Kind: "cut", Args: []string{"west"}}, {Kind: "clock", Args: []string{"west", "2s"}}, {Kind: "mtu", Args: []string{"west", "east", "1300"}}})
	want := []lab.Fault{{Kind: lab.Cut, A: "west"}, {Kind: lab.MTU, A: "west", B: "east", Number: 1300}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDisguised(t *testing.T) {
	active := []Fault{{Kind: "snat", Args: []string{"west"}}, {Kind: "cut", Args: []string{"east"}}}
	if !disguised(active, "west") || disguised(active, "east") {
		t.Error("just the region that was named has its pods seen under other addresses")
	}
}

// The last fault of a region's clock wins.
func TestOffsets(t *testing.T) {
	active := []Fault{{Kind: "clock", Args: []string{"west", "2s"}}, {Kind: "cut", Args: []string{"east"}}, {Kind: "clock", Args: []string{"west", "-90s"}}}
	if d := cmp.Diff(map[string]time.Duration{"west": -90 * time.Second}, offsets(active)); d != "" {
		t.Error(d)
	}
}
