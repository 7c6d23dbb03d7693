package propagation

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

const whereAs = "serviceAccountName: deployer\nplacement: {regions: [west]}\n"

func TestRender(t *testing.T) {
	const deployment = `template: {apiVersion: apps/v1, kind: Deployment, metadata: {name: front}, spec: {replicas: 2, image: "1"}}` + "\n"
	const svc = `template: {apiVersion: v1, kind: Service, metadata: {name: front}, spec: {type: NodePort, clusterIP: 10.1.0.1, ports: [{port: 80}, {port: 53, protocol: UDP}]}}` + "\n"
	const liveService = `{apiVersion: v1, kind: Service, metadata: {name: front}, spec: {type: NodePort, clusterIP: 10.2.0.7, clusterIPs: [10.2.0.7], ports: [{port: 53, protocol: TCP, nodePort: 1}, {port: 53, protocol: UDP, nodePort: 30053}, {port: 80, protocol: TCP, nodePort: 30080}]}}`
	for _, c := range []struct{ why, spec, live, want string }{
		{"the template, in the Propagation's namespace, with the marks", deployment, "", "spec: {replicas: 2, image: '1'}"},
		{"another region's override is none", deployment + "overrides: [{region: central, patch: [{op: remove, path: /spec/replicas}]}]", "", "spec: {replicas: 2, image: '1'}"},
		{
			"overrides in their order", deployment + "overrides: [{region: west, patch: [{op: add, path: /spec/a, value: {b: 1}}, {op: test, path: /spec/a/b, value: 1}]}, {region: west, patch: [{op: replace, path: /spec/a/b, value: 2}, {op: remove, path: /spec/image}]}]", "",
			"spec: {replicas: 2, a: {b: 2}}",
		},
		{"the API server's choices of a Service are kept", svc, liveService, "spec: {type: NodePort, clusterIP: 10.2.0.7, clusterIPs: [10.2.0.7], ports: [{port: 80, nodePort: 30080}, {port: 53, protocol: UDP, nodePort: 30053}]}"},
		{
			"an override of them comes later", svc + "overrides: [{region: west, patch: [{op: add, path: /spec/ports/0/nodePort, value: 31000}]}]", liveService,
			"spec: {type: NodePort, clusterIP: 10.2.0.7, clusterIPs: [10.2.0.7], ports: [{port: 80, nodePort: 31000}, {port: 53, protocol: UDP, nodePort: 30053}]}",
		},
		{"a headless Service stays one", "template: {apiVersion: v1, kind: Service, metadata: {name: front}, spec: {clusterIP: None, ports: [{port: 80}]}}", liveService, "spec: {clusterIP: None, ports: [{port: 80}]}"},
		{"a Service of a name elsewhere has no address", "template: {apiVersion: v1, kind: Service, metadata: {name: front}, spec: {type: ExternalName, externalName: shop.example.com}}", liveService, "spec: {type: ExternalName, externalName: shop.example.com}"},
		{"what is retained begins as it is written", deployment + "retain: [/spec/replicas]", "", "spec: {replicas: 2, image: '1'}"},
		{"and stays as others set it", deployment + "retain: [/spec/replicas]\noverrides: [{region: west, patch: [{op: replace, path: /spec/replicas, value: 4}]}]", "{spec: {replicas: 7}}", "spec: {replicas: 7, image: '1'}"},
		{"and is left out when it is not there", deployment + "retain: [/spec/replicas, /spec/x/n1]", "{spec: {x: {n1: 1}}}", "spec: {image: '1', x: {n1: 1}}"},
		{"of annotations that are retained, ours are not", deployment + "retain: [/metadata/annotations]", "{metadata: {annotations: {ringspan.io/replicated-from: x}}}", "spec: {replicas: 2, image: '1'}"},
		{"tokens of a ServiceAccount are one cluster's", "template: {apiVersion: v1, kind: ServiceAccount, metadata: {name: front}, secrets: [{name: front-token-1}], imagePullSecrets: [{name: r}]}", "", "imagePullSecrets: [{name: r}]"},
	} {
		p := propagation(t, whereAs+c.spec)
		if err := Check(&p.Spec); err != nil {
			t.Errorf("%s: %v", c.why, err)
		}
		var live *unstructured.Unstructured
		if c.live != "" {
			live = object(t, c.live)
		}
		got, err := Render(p, p.Spec.Template, "west", Target(p), live)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		want := object(t, c.want)
		want.SetAPIVersion(got.GetAPIVersion())
		want.SetKind(got.GetKind())
		want.SetName("front")
		want.SetNamespace("shop")
		mark(want, p)
		if diff := cmp.Diff(want.Object, got.Object); diff != "" {
			t.Errorf("%s:\n%s", c.why, diff)
		}
	}
}

func TestAnOverrideCantMakeItAnotherObject(t *testing.T) {
	p := propagation(t, whereAs+"template: {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {}}\noverrides: [{region: west, patch: [{op: add, path: /spec/persistentVolumeClaimRetentionPolicy, value: {whenScaled: Delete}}]}]")
	if _, err := Render(p, p.Spec.Template, "west", Target(p), nil); err == nil || !strings.Contains(err.Error(), "whenScaled") {
		t.Errorf("an override that deletes volume claims: %v", err)
	}
}

func TestCheck(t *testing.T) {
	const pod = "template: {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
	for _, c := range []struct{ spec, want string }{
		{"placement: {}", "spec.serviceAccountName: as which service account the object is to be written has to be said\nspec.template: either a template or a source is required"},
		{whereAs + pod + "source: {region: west, apiVersion: v1, kind: Pod, name: a}", "spec.source: there is a template already, and an object has one origin"},
		{whereAs + "source: {region: west, apiVersion: v1, kind: Secret, name: a}", "spec.source.kind: objects of kind Secret are not propagated"},
		{whereAs + "source: {region: '', apiVersion: v1, kind: Pod, name: a}", "spec.source.region: it is required"},
		{whereAs + "template: {kind: Pod, metadata: {}}", "spec.template.apiVersion: it is required\nspec.template.metadata.name: it is required"},
		{whereAs + "template: {apiVersion: a/b/c, kind: Pod, metadata: {name: a}}", "spec.template.apiVersion: unexpected GroupVersion string: a/b/c"},
		{whereAs + "template: {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}}", "spec.template.kind: objects of kind PersistentVolumeClaim are not propagated: volumes and their claims hold one region's data"},
		{whereAs + "template: {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: 3}}", "spec.template.metadata.namespace: it is not the name of a namespace, as shop-eu is"},
		{whereAs + "template: {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: 'x;rm y'}}", "spec.template.metadata.namespace: it is not the name of a namespace, as shop-eu is"},
		{"serviceAccountName: 'x;rm y'\nplacement: {}\n" + pod, "spec.serviceAccountName: \"x;rm y\" is not the name of a service account: " + validation.IsDNS1123Subdomain("x;rm y")[0]},
		{whereAs + "template: {apiVersion: v1, kind: Namespace, metadata: {name: a, finalizers: [x]}, status: {phase: Active}}", "spec.template.metadata.finalizers: only name, namespace, labels and annotations are propagated\nspec.template.status: a status"},
		{whereAs + "template: {apiVersion: v1, kind: Namespace, metadata: {name: a, annotations: {ringspan.io/accepts-from: shop}}}", "spec.template.metadata.annotations.ringspan.io/accepts-from: Ringspan sets what begins with ringspan.io/"},
		{whereAs + "template: {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {a: 1}}}", "spec.template.metadata.labels.a: the value is not a text"},
		{whereAs + "template: {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}}}", "spec.template.spec.persistentVolumeClaimRetentionPolicy.whenDeleted: volume claims would be deleted"},
		{whereAs + pod + "overrides: [{region: '', patch: [{op: move, path: spec}]}]", "spec.overrides[0].region: it is required\nspec.overrides[0].patch[0].op: \"move\" is none of add, replace, remove and test\nspec.overrides[0].patch[0].value: move needs one\nspec.overrides[0].patch[0].path: \"spec\" is not a JSON pointer"},
		{whereAs + pod + "overrides: [{region: west, patch: [{op: remove, path: /metadata}, {op: remove, path: /metadata/name}, {op: remove, path: /kind}, {op: remove, path: /metadata/annotations/ringspan.io~1propagated-from}]}]", "spec.overrides[0].patch[0].path: of the metadata, labels and annotations may differ from region to region\nspec.overrides[0].patch[1].path: of the metadata, labels and annotations may differ from region to region\nspec.overrides[0].patch[2].path: it says what the object is, and is the same in all regions\nspec.overrides[0].patch[3].path: Ringspan sets"},
		{whereAs + pod + "overrides: [{region: west, patch: [{op: add, path: /metadata/annotations, value: {a: b, ringspan.io/propagated-from: x}}, {op: replace, path: /metadata/labels, value: {ringspan.io/propagated: 'false'}}]}]", "spec.overrides[0].patch[0].value of /metadata/annotations.ringspan.io/propagated-from: Ringspan sets what begins with ringspan.io/\nspec.overrides[0].patch[1].value of /metadata/labels.ringspan.io/propagated: Ringspan sets"},
		{whereAs + pod + "overrides: [{region: west, patch: [{op: add, path: /metadata/finalizers, value: [x]}, {op: add, path: /metadata/ownerReferences/-, value: {}}, {op: add, path: /metadata/annotations/fleet.ringspan.io~1x, value: a}]}]", "spec.overrides[0].patch[0].path: of the metadata, labels and annotations may differ from region to region\nspec.overrides[0].patch[1].path: of the metadata, labels and annotations may differ from region to region\nspec.overrides[0].patch[2].path: Ringspan sets"},
		{whereAs + pod + "overrides: [{region: west, patch: [{op: add, path: /metadata/labels, value: [a]}]}]", "spec.overrides[0].patch[0].value of /metadata/labels: it is not a map"},
		{whereAs + pod + "overrides: [{region: west, patch: [{op: add, path: /metadata/labels, value: {a: b}}]}]", ""},
		{whereAs + pod + "retain: [spec/replicas, /spec/~2]", "spec.retain[0]: \"spec/replicas\" is not a JSON pointer, as /spec/replicas is\nspec.retain[1]:"},
		{"serviceAccountName: a\nplacement: {regionSelector: {matchExpressions: [{key: a, operator: Near}]}}\n" + pod, "spec.placement.regionSelector: \"Near\" is not a valid label selector operator"},
		{whereAs + pod, ""},
	} {
		var spec api.PropagationSpec
		if err := yaml.UnmarshalStrict([]byte(c.spec), &spec); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := Check(&spec); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, c.want) || got != "" && c.want == "" {
			t.Errorf("%s\ngot  %s\nwant %s", c.spec, got, c.want)
		}
	}
}

func TestRefusedKinds(t *testing.T) {
	for _, refused := range []string{
		"PersistentVolume.", "PersistentVolumeClaim.", "Secret.", "Node.", "Event.", "EndpointSlice.discovery.k8s.io", "VolumeSnapshot.snapshot.storage.k8s.io",
		"CassandraDatacenter.cassandra.datastax.com", "K8ssandraCluster.k8ssandra.io", "ReplicatedSecret.replication.k8ssandra.io", "Propagation.fleet.ringspan.io", "SubjectAccessReview.authorization.k8s.io",
	} {
		if RefusedKind(schema.ParseGroupKind(refused)) == "" {
			t.Error(refused, "is propagated")
		}
	}
	for _, fine := range []string{"ConfigMap.", "Namespace.", "Deployment.apps", "StatefulSet.apps", "ClusterRole.rbac.authorization.k8s.io", "StorageClass.storage.k8s.io", "Secret.example.com", "Thing.notk8ssandra.io"} {
		if why := RefusedKind(schema.ParseGroupKind(fine)); why != "" {
			t.Error(fine, why)
		}
	}
}

func TestPlaced(t *testing.T) {
	all, edge := &metav1.LabelSelector{}, &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "edge"}}
	byName := &metav1.LabelSelector{MatchLabels: map[string]string{"topology.kubernetes.io/region": "west"}}
	for _, c := range []struct {
		why  string
		p    api.Placement
		want bool
	}{
		{"nothing is said: nowhere", api.Placement{}, false},
		{"by name", api.Placement{Regions: &[]string{"east", "west"}}, true},
		{"an empty list is nowhere, whatever the selector says", api.Placement{Regions: &[]string{}, RegionSelector: all}, false},
		{"names come before the selector", api.Placement{Regions: &[]string{"west"}, RegionSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"no": "region"}}}, true},
		{"an empty selector is everywhere", api.Placement{RegionSelector: all}, true},
		{"by label", api.Placement{RegionSelector: edge}, true},
		{"by the name as a label", api.Placement{RegionSelector: byName}, true},
	} {
		if got := Placed(c.p, "west", map[string]string{"tier": "edge"}); got != c.want {
			t.Errorf("%s: %t", c.why, got)
		}
	}
}

func TestTemplateOfALiveObject(t *testing.T) {
	for _, c := range []struct{ live, want string }{
		{
			"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop, uid: u, resourceVersion: '1', finalizers: [x], annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}', mine: '1', ringspan.io/propagated-from: x}}, spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ports: [{port: 1, nodePort: 30000}]}, status: {}}",
			"{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop, annotations: {mine: '1'}}, spec: {ports: [{port: 1}]}}",
		},
		{
			"{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {selector: {matchLabels: {controller-uid: u}}, template: {metadata: {labels: {controller-uid: u, app: a}}}}}",
			"{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {metadata: {labels: {app: a}}}}}",
		},
	} {
		if diff := cmp.Diff(object(t, c.want).Object, Template(object(t, c.live))); diff != "" {
			t.Error(diff)
		}
	}
}
