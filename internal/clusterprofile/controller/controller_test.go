package controller_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	"github.com/ringspan/ringspan/internal/clusterprofile"
	"github.com/ringspan/ringspan/internal/clusterprofile/controller"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
	ring "github.com/ringspan/ringspan/internal/ring/controller"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(kubetest.Main(m))
}

const west, central = "eu-west-1", "eu-central-1"

// stage is the west, whose API server gets the definition, with the central region as its peer. The loop has the shipped
// rights.
type stage struct {
	t       *testing.T
	cluster *kubetest.Cluster
	peers   *peers.Peers
	loop    *controller.Reconciler
	link    *kubetest.Link
	clock   time.Time
}

func newStage(t *testing.T) *stage {
	t.Helper()
	clusters := kubetest.Regions(t, west, central)
	s := &stage{t: t, cluster: clusters[west], clock: time.Now().Truncate(time.Second)}
	other := clusters[central]
	s.link = kubetest.NewLink(t, other)
	s.link.Know(s.cluster, central)
	config := s.cluster.OperatorItself(t)
	as, err := client.New(config, client.Options{Scheme: s.cluster.Scheme})
	s.must(err)
	now := func() time.Time { return s.clock }
	s.peers = &peers.Peers{Client: as, Events: events.NewFakeRecorder(100), Region: west, Namespace: install.Namespace, Kinds: ring.Followed(), Now: now, Calls: -1}
	s.loop = &controller.Reconciler{Client: as, Peers: s.peers, Region: west, Now: now, Version: func() (string, error) { return "v1.36.3", nil }}
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) round() {
	s.t.Helper()
	s.clock = s.clock.Add(20 * time.Second)
	s.must(s.peers.Survey(s.t.Context()))
	_, err := s.loop.Reconcile(s.t.Context(), ctrl.Request{})
	s.must(err)
}

// until goes on until a condition holds.
func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if s.round(); holds() {
			return
		}
	}
	s.t.Fatalf("waiting for %s: %v", what, s.profiles())
}

// profiles are all that the west has, as "name=status of the condition", and "name" while there is no status.
func (s *stage) profiles() (all []string) {
	s.t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(clusterprofile.Kind.WithVersion("v1alpha1"))
	s.must(s.cluster.Client.List(s.t.Context(), list, client.InNamespace(install.Namespace)))
	for _, o := range list.Items {
		text := []string{o.GetName()}
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		for _, c := range conditions {
			text = append(text, c.(map[string]any)["status"].(string)) //nolint:forcetypeassert // the definition says so
		}
		all = append(all, strings.Join(text, "="))
	}
	slices.Sort(all)
	return all
}

func (s *stage) has(profiles ...string) func() bool {
	return func() bool { return slices.Equal(s.profiles(), profiles) }
}

// define installs the definition, with the fields that we write, as multicluster.x-k8s.io/v1alpha1 has them.
func (s *stage) define() {
	s.t.Helper()
	text := apiextensionsv1.JSONSchemaProps{Type: "string"}
	object := func(required []string, fields map[string]apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
		return apiextensionsv1.JSONSchemaProps{Type: "object", Required: required, Properties: fields}
	}
	list := func(of apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
		return apiextensionsv1.JSONSchemaProps{Type: "array", Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &of}}
	}
	type fields = map[string]apiextensionsv1.JSONSchemaProps
	manager := object([]string{"name"}, fields{"name": text})
	manager.XValidations = apiextensionsv1.ValidationRules{{Rule: "self == oldSelf", Message: "ClusterManager is immutable"}}
	condition := object([]string{"type", "status", "reason", "message", "lastTransitionTime"},
		fields{"type": text, "status": text, "reason": text, "message": text, "lastTransitionTime": {Type: "string", Format: "date-time"}})
	schema := object([]string{"spec"}, fields{
		"spec": object([]string{"clusterManager"}, fields{"displayName": text, "clusterManager": manager}),
		"status": object(nil, fields{
			"conditions": list(condition), "properties": list(object([]string{"name", "value"}, fields{"name": text, "value": text})),
			"version": object(nil, fields{"kubernetes": text}),
		}),
	})
	d := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{
		Name: "clusterprofiles.multicluster.x-k8s.io", Annotations: map[string]string{"api-approved.kubernetes.io": "unapproved, a test's"},
	}}
	d.Spec = apiextensionsv1.CustomResourceDefinitionSpec{
		Group: clusterprofile.Kind.Group, Scope: apiextensionsv1.NamespaceScoped,
		Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: clusterprofile.Kind.Kind, Plural: "clusterprofiles", Singular: "clusterprofile"},
		Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
			Name: "v1alpha1", Served: true, Storage: true, Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &schema},
			Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
		}},
	}
	s.must(s.cluster.Client.Create(s.t.Context(), d))
}

// The regions are published once the definition is there; a cut is told, and what leaves the fleet goes. Others' profiles stay.
func TestRegionsArePublished(t *testing.T) {
	s := newStage(t)
	for range 2 {
		s.round() // without the definition there is nothing to do
	}
	s.define()
	s.until("the profiles", s.hasWhereKnown(central+"=True", west+"=True"))
	foreign := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"clusterManager": map[string]any{"name": "another"}}}}
	foreign.SetGroupVersionKind(clusterprofile.Kind.WithVersion("v1alpha1"))
	foreign.SetNamespace(install.Namespace)
	foreign.SetName("us-east-1")
	s.must(s.cluster.Client.Create(t.Context(), foreign))

	before := s.version(central)
	for range 3 {
		s.round()
	}
	if after := s.version(central); after != before {
		t.Errorf("it is written while nothing is new: %s, %s", before, after)
	}
	s.link.Cut(true)
	s.until("the cut", s.has(central+"=Unknown", west+"=True", "us-east-1"))
	s.link.Cut(false)
	s.until("the heal", s.has(central+"=True", west+"=True", "us-east-1"))

	var configs configv1beta1.ClientConfigList
	s.must(s.cluster.Client.List(t.Context(), &configs, client.InNamespace(install.Namespace)))
	s.must(s.cluster.Client.DeleteAllOf(t.Context(), &configv1beta1.ClientConfig{}, client.InNamespace(install.Namespace)))
	s.until("the region to be missed", s.has(central+"=Unknown", west+"=True", "us-east-1"))
	for i := range configs.Items {
		configs.Items[i].ResourceVersion = ""
		s.must(s.cluster.Client.Create(t.Context(), &configs.Items[i]))
	}
	s.until("the region to be known again", s.has(central+"=True", west+"=True", "us-east-1"))
	s.must(s.cluster.Client.DeleteAllOf(t.Context(), &configv1beta1.ClientConfig{}, client.InNamespace(install.Namespace)))
	s.until("the region to go", s.has(west+"=True", "us-east-1"))
	o := s.profile(west)
	version, _, _ := unstructured.NestedString(o.Object, "status", "version", "kubernetes")
	if properties, _, _ := unstructured.NestedSlice(o.Object, "status", "properties"); version != "v1.36.3" || len(properties) != 2 || o.GetLabels()[clusterprofile.ManagerLabel] != clusterprofile.Manager {
		t.Errorf("%+v", o.Object)
	}
	if found := s.profile("us-east-1"); found.GetResourceVersion() != foreign.GetResourceVersion() {
		t.Error("another manager's profile was written")
	}
}

// hasWhereKnown waits for the definition to be served too.
func (s *stage) hasWhereKnown(profiles ...string) func() bool {
	return func() bool {
		_, err := s.cluster.Client.RESTMapper().RESTMapping(clusterprofile.Kind)
		return err == nil && s.has(profiles...)()
	}
}

func (s *stage) profile(name string) *unstructured.Unstructured {
	s.t.Helper()
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(clusterprofile.Kind.WithVersion("v1alpha1"))
	s.must(s.cluster.Client.Get(s.t.Context(), client.ObjectKey{Namespace: install.Namespace, Name: name}, o))
	return o
}

func (s *stage) version(name string) string { return s.profile(name).GetResourceVersion() }
