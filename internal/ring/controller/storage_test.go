package controller_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// A ring's volumes grow in all regions by an edit in one. Without the annotation that allows it each region says what its
// datacenter refuses, and changes nothing.
func TestVolumesOfARingGrow(t *testing.T) {
	s := running(t)
	sizes := func() string {
		t.Helper()
		var all []string
		for _, dc := range []*cassandra.CassandraDatacenter{s.by[west].dc("dc1"), s.by[central].dc("dc2")} {
			all = append(all, dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec.Resources.Requests.Storage().String())
		}
		return strings.Join(all, " ")
	}
	s.by[central].edit(func(k *api.K8ssandraCluster) {
		k.Spec.Cassandra.StorageConfig.CassandraDataVolumeClaimSpec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")}
	})
	s.until("both regions to name the refusal", func() bool {
		return strings.Contains(s.by[west].ring().Status.Error, cassandra.AllowStorageChangesAnnotation) &&
			strings.Contains(s.by[central].ring().Status.Error, cassandra.AllowStorageChangesAnnotation)
	})
	if got := sizes(); got != "1Gi 1Gi" {
		t.Errorf("without the annotation volumes are asked to have %s", got)
	}
	s.by[west].edit(func(k *api.K8ssandraCluster) {
		for i := range k.Spec.Cassandra.Datacenters {
			k.Spec.Cassandra.Datacenters[i].Metadata.Annotations = map[string]string{cassandra.AllowStorageChangesAnnotation: "true"}
		}
	})
	s.until("larger volumes in both regions", func() bool { return sizes() == "2Gi 2Gi" })
}
