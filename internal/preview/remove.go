package preview

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// withdraw takes a datacenter out of a keyspace's replication.
func (m *model) withdraw(step datacenter.Step) {
	m.tell(Withdraw, step.Target, step.Why, 0)
	for _, all := range []map[string]map[string]string{m.s.Keyspaces, m.s.Replication} {
		if options, there := all[step.Target]; there {
			options = maps.Clone(options)
			delete(options, step.Datacenter)
			all[step.Target] = options
		}
	}
}

// othersForget has the ring's controllers say that no other datacenter sees a member any more of one that leaves.
func (m *model) othersForget() (moved bool) {
	ours := func(e mgmtapi.Endpoint) bool { return e.Datacenter == m.s.DC.CassandraName() }
	if m.s.DC.Annotations[api.RemovalAnnotation] == "" || m.s.DC.Annotations[api.ForgottenAnnotation] != "" || slices.ContainsFunc(m.s.Ringview, ours) {
		return false
	}
	metav1.SetMetaDataAnnotation(&m.s.DC.ObjectMeta, api.ForgottenAnnotation, "all")
	return true
}

// end tells what becomes of a datacenter whose nodes have all left the ring.
func (m *model) end(p *datacenter.Plan) {
	if p.Gone {
		m.tell(Delete, "CassandraDatacenter "+m.s.DC.Name, "all of its nodes have left the ring, and their volumes are gone", 0)
	}
}

// supposeOthers has a member in each other datacenter of the ring when no node could be asked: one that leaves isn't the only one.
func (m *model) supposeOthers() {
	if m.s.DC.Annotations[api.RemovalAnnotation] == "" {
		return
	}
	for _, d := range m.s.Ring.Datacenters {
		if d.Name != m.s.DC.CassandraName() {
			m.s.Ringview = append(m.s.Ringview, mgmtapi.Endpoint{Address: "(" + d.Name + ")", HostID: "(" + d.Name + ")", Datacenter: d.Name, Alive: true,
				Status: mgmtapi.ModeNormal, Load: 1, Schema: "supposed"})
		}
	}
}

// supposeTogether has the datacenters see each other all the time when no node could be asked: nobody knows since when they don't.
func (m *model) supposeTogether() {
	if m.blind && m.s.DC.Annotations[api.RemovalAnnotation] != "" {
		m.s.DC.Status.Together = &api.TogetherStatus{Looked: metav1.NewTime(m.s.Now)}
	}
}
