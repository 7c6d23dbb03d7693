package federation

// Annotations of a copy. What another program of the fleet, or another version of this one, writes is read by these names:
// they stay as they are.
const (
	RevisionAnnotation  = "ringspan.io/revision"
	AncestorsAnnotation = "ringspan.io/ancestors"
	LineageAnnotation   = "ringspan.io/lineage" // what the first version doesn't know of the revision: see lineage.go
	OriginAnnotation    = "ringspan.io/origin"  // the region that the object was first applied to
	ChooseAnnotation    = "ringspan.io/choose"  // a person's: the region whose spec should hold
	// RemovalAnnotation says how far a deletion is: RemovalAgreed, since when all regions have agreed and which, or RemovalBegun,
	// after which nothing overrules it.
	RemovalAnnotation = "ringspan.io/removal"
	// RegionsAnnotation lists the other regions' copies that this one has seen, as region=uid. So a region that has lost its
	// copy, and with it all that it knew, is told by the others that it had one. Each copy has its own.
	RegionsAnnotation = "ringspan.io/regions"
	// ClustersAnnotation lists in which clusters these copies were, as region=uid of the namespace kube-system. That a region has
	// no copy is believed of the cluster that had it, and not of another one that its name leads to. Each copy has its own.
	ClustersAnnotation = "ringspan.io/clusters"
)

// Annotations about deletions: package deletion says what they mean.
const (
	DeletionAnnotation  = "ringspan.io/deletion"
	DeletionAsked       = "asked"
	DeletionLost        = "lost"
	LetGoAnnotation     = "ringspan.io/let-go"
	BringBackAnnotation = "ringspan.io/bring-back"
)

// Values of RemovalAnnotation.
const (
	RemovalAgreed = "agreed "
	RemovalBegun  = "begun"
)

// OrphanAnnotation of a Propagation's copy is about what that region has.
const OrphanAnnotation = "ringspan.io/orphan"

// lastApplied is kubectl's own note of what a person applied in one region.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// travels tells whether an annotation goes along with a copy that is taken over. The others are each region's own.
func travels(name string) bool {
	switch name {
	case lastApplied, ChooseAnnotation, RemovalAnnotation, RegionsAnnotation, ClustersAnnotation, DeletionAnnotation, LetGoAnnotation, BringBackAnnotation, OrphanAnnotation:
		return false
	}
	return true
}
