package v1beta1

// DefaultRack is the one rack of a datacenter whose spec has none.
const DefaultRack = "default"

// CassandraName is Cassandra's name of the datacenter. Kubernetes knows it by metadata.name.
func (dc *CassandraDatacenter) CassandraName() string {
	if dc.Spec.DatacenterName != "" {
		return dc.Spec.DatacenterName
	}
	return dc.Name
}

// Racks are the datacenter's, DefaultRack when its spec has none.
func (dc *CassandraDatacenter) Racks() []Rack { return OrDefaultRack(dc.Spec.Racks) }

// RackNames are the names of the datacenter's racks.
func (dc *CassandraDatacenter) RackNames() []string { return NamesOfRacks(dc.Spec.Racks) }

// OrDefaultRack are the racks that a spec means by those that it names.
func OrDefaultRack(named []Rack) []Rack {
	if len(named) == 0 {
		return []Rack{{Name: DefaultRack}}
	}
	return named
}

// NamesOfRacks are the names of the racks that a spec means by those that it names.
func NamesOfRacks(named []Rack) (names []string) {
	for _, r := range OrDefaultRack(named) {
		names = append(names, r.Name)
	}
	return names
}
