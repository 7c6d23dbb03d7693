package v1alpha1

// CassandraName is Cassandra's name of the datacenter. Kubernetes knows it by metadata.name.
func (t *CassandraDatacenterTemplate) CassandraName() string {
	if t.DatacenterName != "" {
		return t.DatacenterName
	}
	return t.Metadata.Name
}
