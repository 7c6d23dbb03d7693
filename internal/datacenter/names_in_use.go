package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// NamesInUse is what there is of a datacenter, and of its cluster, that tells how its objects are named.
type NamesInUse struct {
	StatefulSets, Pods, Claims []string
	LooseClaims                []string // that are labelled as no datacenter's, such as those that a person has restored
	Racks                      []string // that StatefulSets say they were made for
	Services                   []string // made for this very datacenter
	Cluster                    []api.CassandraDatacenter
}

// AddClaim notes a claim of the datacenter's namespace, unless it is another one's.
func (u *NamesInUse) AddClaim(dc *api.CassandraDatacenter, claim *corev1.PersistentVolumeClaim) {
	switch own := Selector(dc); {
	case claim.Labels[api.ClusterLabel] == own[api.ClusterLabel] && claim.Labels[api.DatacenterLabel] == own[api.DatacenterLabel]:
		u.Claims = append(u.Claims, claim.Name)
	case claim.Labels[api.DatacenterLabel] == "":
		u.LooseClaims = append(u.LooseClaims, claim.Name)
	}
}

// IsDeletedWhole tells whether a datacenter is being deleted with all that it has, and none of its nodes has to leave a ring before.
func IsDeletedWhole(dc *api.CassandraDatacenter) bool {
	return !dc.DeletionTimestamp.IsZero() && !hasKey(dc.Annotations, api.DecommissionOnDeleteAnnotation)
}

// Agree tells whether StatefulSets have the names that are on record, so that nothing else has to be read.
func (u *NamesInUse) Agree(dc *api.CassandraDatacenter) bool {
	form, refused := u.data(dc).form()
	return refused == "" && form != "" && form == dc.Annotations[api.NamesAnnotation]
}

// Decide is the form that a datacenter's names have, or why that can't be told. What may have data decides, whatever else says: names
// that the data doesn't have would make empty nodes beside the full ones. Then the record does, then what else was made for it, then the
// others of its cluster. One of which nothing is there is named as cass-operator would name it; one that is being deleted needs no names.
func (u *NamesInUse) Decide(dc *api.CassandraDatacenter) (form, refused string) {
	if form, refused := u.data(dc).form(); form != "" || refused != "" {
		return form, refused
	}
	if KnownNames(dc) {
		return dc.Annotations[api.NamesAnnotation], ""
	}
	if form, refused := u.made(dc).form(); form != "" || refused != "" || !dc.DeletionTimestamp.IsZero() {
		return form, refused
	}
	return u.ofCluster(dc)
}

// ofCluster is the form of a datacenter of which nothing is there. One beside another of its cluster has the same names for what they
// share: by that they agree who founds the ring. So the older one chooses first.
func (u *NamesInUse) ofCluster(dc *api.CassandraDatacenter) (form, refused string) {
	form = api.NamesOfCassOperator
	if !ClusterNamesDiffer(dc) {
		return form, ""
	}
	for i := range u.Cluster {
		switch other := &u.Cluster[i]; {
		case other.UID == dc.UID || other.Spec.ClusterName != dc.Spec.ClusterName:
		case other.Annotations[api.NamesAnnotation] == api.NamesFormer:
			form = api.NamesFormer
		case !KnownNames(other) && other.DeletionTimestamp.IsZero() && isOlder(other, dc):
			refused = fmt.Sprintf("metadata.name: datacenter %s of this cluster is older, and it isn't on record yet how its objects are named", other.Name)
		}
	}
	return form, refused
}

func isOlder(a, b *api.CassandraDatacenter) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// evidence is what is there under one form of names only, in words.
type evidence struct{ former, other []string }

func (e *evidence) add(form, what string) {
	switch form {
	case api.NamesFormer:
		e.former = append(e.former, what)
	case api.NamesOfCassOperator:
		e.other = append(e.other, what)
	}
}

// form is the form of which something is there; "" when there is nothing. What is there of both can't be told apart.
func (e evidence) form() (form, refused string) {
	switch {
	case len(e.former) > 0 && len(e.other) > 0:
		return "", fmt.Sprintf("metadata.name: there are objects under both names that those of this datacenter can have: %s; and %s. Nothing is done until only those with the data are left",
			strings.Join(e.former, ", "), strings.Join(e.other, ", "))
	case len(e.former) > 0:
		return api.NamesFormer, ""
	case len(e.other) > 0:
		return api.NamesOfCassOperator, ""
	}
	return "", ""
}

// data is what may have the data of the datacenter's nodes: StatefulSets, pods, volumes, and the members that the status knows.
func (u *NamesInUse) data(dc *api.CassandraDatacenter) (e evidence) {
	racks := append(racksKnown(dc), u.Racks...)
	note := func(kind, name, set string) { e.add(formOf(dc, racks, set), kind+" "+name) }
	for _, name := range u.StatefulSets {
		note("StatefulSet", name, name)
	}
	for _, name := range u.Pods {
		note("pod", name, setNameOf(name))
	}
	for _, name := range slices.Sorted(maps.Keys(dc.Status.NodeStatuses)) {
		if dc.Status.NodeStatuses[name].HostID != "" {
			note("member", name, setNameOf(name))
		}
	}
	for _, name := range u.Claims {
		if pod, isData := strings.CutPrefix(name, Claim("")); isData {
			note("claim", name, setNameOf(pod))
		}
	}
	for _, name := range u.LooseClaims { // a StatefulSet would take them, whoever made them
		if pod, isData := strings.CutPrefix(name, Claim("")); isData {
			e.add(formOfRack(dc, racks, setNameOf(pod)), "claim "+name)
		}
	}
	return e
}

// made is what was made for the datacenter and has no data.
func (u *NamesInUse) made(dc *api.CassandraDatacenter) (e evidence) {
	former, other := namesOf(dc, api.NamesFormer).AllPodsService(), namesOf(dc, api.NamesOfCassOperator).AllPodsService()
	for _, name := range u.Services {
		switch {
		case former == other:
		case name == former:
			e.add(api.NamesFormer, "Service "+name)
		case name == other:
			e.add(api.NamesOfCassOperator, "Service "+name)
		}
	}
	return e
}

// setNameOf is the StatefulSet that a pod of a name would be of.
func setNameOf(pod string) string { return pod[:max(0, strings.LastIndexByte(pod, '-'))] }

// formOfRack is the only form that gives a StatefulSet's name for one of the racks; "" when both do, or none.
func formOfRack(dc *api.CassandraDatacenter, racks []string, set string) string {
	return onlyForm(dc, func(n topology.Names) bool { return isOfRacks(n, racks, set) })
}

// formOf is that, or, for a StatefulSet of no rack that is known, the only form whose names begin and end like it.
func formOf(dc *api.CassandraDatacenter, racks []string, set string) string {
	if slices.ContainsFunc(bothForms(dc), func(n topology.Names) bool { return isOfRacks(n, racks, set) }) {
		return formOfRack(dc, racks, set)
	}
	return onlyForm(dc, func(n topology.Names) bool {
		return strings.HasPrefix(set, strings.TrimSuffix(n.Service(), "service")) && strings.HasSuffix(set, "-sts")
	})
}

func isOfRacks(n topology.Names, racks []string, set string) bool {
	return slices.ContainsFunc(racks, func(rack string) bool { return n.StatefulSet(rack) == set })
}

// onlyForm is the form for which something holds; "" when it holds for both, or for none.
func onlyForm(dc *api.CassandraDatacenter, holds func(topology.Names) bool) string {
	former, other := holds(namesOf(dc, api.NamesFormer)), holds(namesOf(dc, api.NamesOfCassOperator))
	switch {
	case former && !other:
		return api.NamesFormer
	case other && !former:
		return api.NamesOfCassOperator
	}
	return ""
}
