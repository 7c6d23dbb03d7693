package infra

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// SiteSummary is what a person wants to know of one network of a fleet.
type SiteSummary struct {
	Name     string `json:"name"` // of the region, or jumpHost
	Network  string `json:"vpc"`
	CIDR     string `json:"cidr"`
	State    State  `json:"state"`             // of the network
	Cluster  string `json:"cluster,omitempty"` // name
	Version  string `json:"version,omitempty"` // of Kubernetes, as the provider calls it
	Runs     string `json:"runs,omitempty"`    // version that the API server says; "" when it wasn't asked or doesn't answer
	Nodes    int    `json:"nodes"`             // that there should be
	Machines State  `json:"machines,omitempty"`
	Control  State  `json:"clusterState,omitempty"`
	Detail   string `json:"detail,omitempty"` // the provider's own words about what isn't ready
}

// PeeringSummary is one connection between two networks.
type PeeringSummary struct {
	From   string `json:"from"`
	To     string `json:"to"`
	ID     string `json:"id"`
	Status string `json:"status"` // the provider's word
	Detail string `json:"detail,omitempty"`
}

// Summary is a fleet's infrastructure in short.
type Summary struct {
	Sites    []SiteSummary    `json:"regions"`
	Peerings []PeeringSummary `json:"peerings"`
}

// Summarize shortens what was found, in the order of names. What has ended is left
// out.
func Summarize(found []Found) Summary {
	sites := map[string]*SiteSummary{}
	site := func(id string) *SiteSummary {
		name, _, _ := strings.Cut(id, "/")
		if sites[name] == nil {
			sites[name] = &SiteSummary{Name: name}
		}
		return sites[name]
	}
	s := Summary{Sites: []SiteSummary{}, Peerings: []PeeringSummary{}}
	for i := range found {
		f := &found[i]
		if f.State == Gone {
			continue
		}
		switch f.Kind {
		case Network:
			at := site(f.ID)
			at.Network, at.CIDR, at.State = f.Physical, f.Have["cidr"], f.State
			at.explain(f)
		case Cluster:
			at := site(f.ID)
			at.Cluster, at.Version, at.Control = f.Physical, f.Have["version"], f.State
			at.explain(f)
		case NodePool:
			at := site(f.ID)
			at.Machines = f.State
			at.Nodes, _ = strconv.Atoi(f.Have["count"]) // 0 is said of what nobody counts
			at.explain(f)
		case Link:
			s.peering(f)
		}
	}
	for _, at := range sites {
		s.Sites = append(s.Sites, *at)
	}
	slices.SortFunc(s.Sites, func(a, b SiteSummary) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Peerings, func(a, b PeeringSummary) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.ID, b.ID))
	})
	return s
}

func (s *SiteSummary) explain(f *Found) {
	if f.State != Ready && f.Detail != "" {
		s.Detail = strings.TrimPrefix(s.Detail+"; "+string(f.Kind)+": "+f.Detail, "; ")
	}
}

func (s *Summary) peering(f *Found) {
	from, to, ok := strings.Cut(strings.TrimPrefix(f.ID, "peering/"), "/")
	if !ok {
		return
	}
	p := PeeringSummary{From: from, To: to, ID: f.Physical, Status: f.Have["status"]}
	if p.Status != "active" {
		p.Detail = f.Detail
	}
	s.Peerings = append(s.Peerings, p)
}
