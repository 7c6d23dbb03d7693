package v1beta1

import (
	"slices"
	"strings"
)

// What a ring remembers of how its datacenters came, on their CassandraDatacenters.
const (
	// FoundingAnnotation lists in JSON, by datacenter, the host ids that were members when the ring's founder wrote the
	// first roles, before any client was let in: those owe no data. The founder records it; the others of the list get a
	// copy.
	FoundingAnnotation = "ringspan.io/founding-members"
	// BroughtDataAnnotation says that nodes of the ring's founder had data before their first start: a ring that has it is not
	// a new one, and only they can have all that was written.
	BroughtDataAnnotation = "ringspan.io/brought-data"
	// JoinedAnnotation says by what the nodes of a datacenter join a ring that is there: seeds of its spec, with commas between,
	// or JoinedDatacenter and the name of one in its namespace. It is on record before the first node is started, and a
	// datacenter that has it never founds a ring.
	JoinedAnnotation = "ringspan.io/joined-by"
	// JoinedDatacenter is before the name of a datacenter in JoinedAnnotation.
	JoinedDatacenter = "datacenter "
	// SourceUnknown is in RebuildFromAnnotation while nobody has said which datacenter has the data of the ring that this one
	// joined.
	SourceUnknown = "?"
	// RebuildFromAnnotation names, in Cassandra's words, the datacenter whose data one gets that came later.
	RebuildFromAnnotation = "ringspan.io/rebuild-from"
	// RebuiltFromAnnotation says that it has the data, and where it came from.
	RebuiltFromAnnotation = "ringspan.io/rebuilt-from"
	// LackingAnnotation lists, in Cassandra's words and with commas between, the ring's other datacenters that have yet to
	// get data of which they hold replicas: those replicas are no copies of it.
	LackingAnnotation = "ringspan.io/lacking-data"
	// LackingKeyspacesAnnotation says in JSON, by datacenter, of which keyspaces alone one of those lacks data. One that it
	// doesn't name lacks data of all.
	LackingKeyspacesAnnotation = "ringspan.io/lacking-keyspaces"
	// SpreadAnnotation lists, with commas between, the users' keyspaces of a ring that aren't replicated by datacenter: a node
	// that joins owns ranges of those at once. "?" while no other datacenter says which there are. It is on a datacenter that
	// is about to join.
	SpreadAnnotation = "ringspan.io/not-by-datacenter"
	// CopiedAnnotation lists, with commas between, the ring's other datacenters that serve, see none of this one's nodes up, and
	// have together a copy of everything of which this one holds replicas: Cassandra's name, a slash and a hash of its host ids.
	CopiedAnnotation = "ringspan.io/copied-at"
	// StoppedAnnotation lists, in Cassandra's words and with commas between, the ring's other datacenters that are stopped
	// with data, or on their way back from that: a ring that has one of them isn't begun anew.
	StoppedAnnotation = "ringspan.io/stopped-with-data"
	// WrittenRolesAnnotation lists in JSON, by Secret, the roles that didn't exist before they were made from it, the present
	// one among them. The datacenter that writes the ring's roles keeps it: what it lists is the operator's to drop.
	WrittenRolesAnnotation = "ringspan.io/written-roles"
	// SecretEverywhereAnnotation is the resourceVersion of the superuser's Secret, beside the datacenter, that the ring's other
	// regions were all seen to have too. It is on a datacenter that has a role to drop.
	SecretEverywhereAnnotation = "ringspan.io/secret-everywhere"
	// SecretOriginAnnotation of a copy of the superuser's Secret is the region that has the original, SuperuserFromAnnotation the
	// same of a copy in another namespace than the ring's. OriginVersionAnnotation is the resourceVersion that the original had
	// there when its contents were copied.
	SecretOriginAnnotation  = "ringspan.io/origin"
	SuperuserFromAnnotation = "ringspan.io/superuser-from"
	OriginVersionAnnotation = "ringspan.io/origin-version"
	// FilledAnnotation says in JSON, by keyspace and datacenter, at which replication factors all replicas of the system
	// keyspaces are known to have all data. The datacenter that alters them keeps it; where it says less than the factors
	// that are, a repair is owed.
	FilledAnnotation = "ringspan.io/filled-replicas"
)

// LacksData tells whether the datacenter holds replicas that have yet to get their data: it joins, or somebody gave it
// replicas of a keyspace.
func (dc *CassandraDatacenter) LacksData() bool {
	for _, k := range dc.Status.Keyspaces {
		if k.OwedSince != nil {
			return true
		}
	}
	return dc.Owes() != ""
}

// Lacks tells whether replicas of the keyspace are no copies yet. What is new and not yet verified may be empty everywhere: its
// replicas count, unless it came from another strategy, which may have put its only rows elsewhere.
func (k KeyspaceStatus) Lacks() bool {
	return k.OwedSince != nil && (!k.Unverified || k.Strategy != "" || k.OnlyHere)
}

// LackingKeyspaces names the keyspaces of which replicas here are no copies yet.
func (dc *CassandraDatacenter) LackingKeyspaces() []string {
	names := []string{}
	for name, k := range dc.Status.Keyspaces {
		if k.Lacks() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Begun tells whether a node of the datacenter is known to have been started.
func (dc *CassandraDatacenter) Begun() bool {
	if dc.Status.IsTrue(DatacenterInitialized) || !dc.Status.LastServerNodeStarted.IsZero() {
		return true
	}
	for _, n := range dc.Status.NodeStatuses {
		if n.HostID != "" {
			return true
		}
	}
	return false
}

// Owes names the datacenter whose data this one still has to get; "" when it owes nothing.
func (dc *CassandraDatacenter) Owes() string {
	if dc.Annotations[RebuiltFromAnnotation] != "" {
		return ""
	}
	return dc.Annotations[RebuildFromAnnotation]
}

// SourceInWords is whose data a datacenter gets, for people.
func SourceInWords(from string) string {
	if from == SourceUnknown {
		return "a datacenter that the K8ssandraCluster has yet to name"
	}
	return from
}

// LeavingPod names the pod whose node leaves the ring, or has left it and isn't taken away yet; "" when none does.
func (dc *CassandraDatacenter) LeavingPod() string {
	pod, _, _ := strings.Cut(strings.TrimSpace(dc.Annotations[DecommissionAnnotation]), " ")
	return pod
}
