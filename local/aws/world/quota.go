package world

// Quota names of Service Quotas, by which SetQuota overrides a value.
const (
	VPCsPerRegion        = "L-F678F1CE"
	EIPsPerRegion        = "L-0263D0A3"
	IGWsPerRegion        = "L-A4707A72"
	NATsPerZone          = "L-FE5A380F"
	RulesPerGroup        = "L-0EA8095F"
	GroupsPerRegion      = "L-E79EC296"
	GroupsPerInterface   = "L-2AFB9258"
	SubnetsPerVPC        = "L-407747CB"
	RouteTablesPerVPC    = "L-589F43AA"
	RoutesPerTable       = "L-93826ACB"
	PeeringsPerVPC       = "L-7E9ECCDB"
	OpenPeerings         = "L-DC9F7029"
	RangesPerVPC         = "L-83CA0A9D"
	ACLsPerVPC           = "L-B4A6D682"
	ClustersPerRegion    = "L-1194D53C"
	NodegroupsPerCluster = "L-6D54EA21"
	NodesPerNodegroup    = "L-BD136A63"
	OnDemandVCPUs        = "L-1216C47A"
	SpotVCPUs            = "L-34B43A08"
)

// boundless is a quota that nothing reaches, and that JSON can say.
const boundless = 1e9

// Quota is the value in force for a region: the one set for it, the one set
// for all regions, or the default, unless nothing is limited. Inside Do.
func (w *World) Quota(region, code string, standard float64) float64 {
	if v, ok := w.quotas[region+"/"+code]; ok {
		return v
	}
	if v, ok := w.quotas["/"+code]; ok {
		return v
	}
	if w.unlimited {
		return boundless
	}
	return standard
}

// SetQuota overrides a value; region "" is all regions. Inside Do.
func (w *World) SetQuota(region, code string, value float64) {
	w.quotas[region+"/"+code] = value
}
