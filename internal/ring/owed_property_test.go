package ring

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is known of a ring: a debt on record stays until it is paid, nobody is excused by a name alone, and no data is
// fetched from a datacenter that lacks it, without a word.
func TestNoDebtIsForgotten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"dc1", "dc2", "dc3"}[:rapid.IntRange(1, 3).Draw(t, "datacenters")]
		record := Founding{"dc1": {"a", "b"}, "dc2": {"c"}}
		var ring []Member
		for _, name := range names {
			m := Member{Name: name, Exists: rapid.Bool().Draw(t, "exists"), Initialized: rapid.Bool().Draw(t, "initialized")}
			if m.Exists {
				m.Hosts = rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "x", ""}), 0, 2).Draw(t, "hosts")
				m.Rebuilt = rapid.Bool().Draw(t, "rebuilt")
				if m.From = rapid.SampledFrom([]string{"", "dc1", "gone"}).Draw(t, "from"); m.From == "" && rapid.Bool().Draw(t, "record") {
					m.Founding = record
				}
			}
			ring = append(ring, m)
		}
		self := rapid.IntRange(0, len(ring)-1).Draw(t, "self")
		own := ring[self]
		debt := Owed(ring, self, rapid.SampledFrom([]string{"", "dc1", "dc3"}).Draw(t, "preferred"))
		if own.From != "" && (debt.From == "" || debt.Paid != own.Rebuilt) {
			t.Fatalf("the debt on record is forgotten: %+v", debt)
		}
		if debt.Founder != nil && own.Founding == nil {
			for _, id := range own.Hosts {
				if !slices.Contains(record[own.Name], id) {
					t.Fatalf("node %q is excused by a record that doesn't have it", id)
				}
			}
			if len(own.Hosts) == 0 {
				t.Fatal("nobody is excused by a name")
			}
		}
		if debt.From == "" || debt.Paid || debt.Trouble != "" {
			return
		}
		if i := slices.Index(names, debt.From); i < 0 || i == self || !ring[i].hasData() {
			t.Fatalf("the data comes from %q, which has none", debt.From)
		}
	})
}
