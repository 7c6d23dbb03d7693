package v1beta1

const (
	// LeaseName is the Lease, in the operator's namespace, that the operator holds that acts.
	LeaseName = "ringspan-operator"
	// EpochAnnotation of the Lease is a number that grows with every operator that takes it.
	EpochAnnotation = "ringspan.io/epoch"
)
