package install

import (
	"errors"
	"fmt"
	"io/fs"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ringspan/ringspan/config/crd"
	"github.com/ringspan/ringspan/config/rbac"
)

// Names of what is installed.
const (
	// Namespace is where the operator and its peers' addresses are.
	Namespace = "ringspan-system"
	// OperatorName is the name of the operator's Deployment, ServiceAccount and ClusterRole.
	OperatorName = "ringspan-operator"
	// PeerName is the name of the ServiceAccount and ClusterRole of other regions' operators.
	PeerName = "ringspan-peer"
	// PeerGroup is the group of other regions' operators where a cluster takes identities from elsewhere, as EKS does
	// from IAM.
	PeerGroup = "ringspan:peers"
	// PeerTokenName is the Secret with the token of the ServiceAccount PeerName; Kubernetes fills it.
	PeerTokenName = "ringspan-peer-token"
	// ImageIDAnnotation of the operator's pod is Options.ImageID.
	ImageIDAnnotation = "ringspan.io/image-id"
	// FleetAnnotation of the operator's Deployment is Options.Fleet.
	FleetAnnotation = "ringspan.io/fleet"
	// DefaultImage is the operator's image.
	DefaultImage = "ringspan/operator:v0.1.0"
)

// Options of an installation.
type Options struct {
	// Region is this cluster's name; required.
	Region string
	// Namespace of the operator; Namespace when empty.
	Namespace string
	// Image of the operator; DefaultImage when empty.
	Image string
	// AgentImage that the operator's rings take unless they name another; the operator's own choice when empty.
	AgentImage string
	// ImageID is what the image's tag stands for now, where a tag can be built anew; empty where it can't. Another one
	// replaces the operator's pod, and no other.
	ImageID string
	// Fleet whose operator it is, where a cluster may have one of another fleet; empty where it can't.
	Fleet string
	// EKS says that the cluster is one of EKS, whose operator has a role of IAM and authenticates with it to its peers.
	// Then no token for peers is stored: members of PeerGroup are peers.
	EKS bool
}

func (o Options) withDefaults() Options {
	if o.Namespace == "" {
		o.Namespace = Namespace
	}
	if o.Image == "" {
		o.Image = DefaultImage
	}
	return o
}

// Objects returns everything for one region, in the order in which it must be applied: definitions, namespace, identities,
// permissions, the operator.
func Objects(o Options) ([]client.Object, error) {
	o = o.withDefaults()
	if o.Region == "" {
		return nil, errors.New("installing the operator: no region given")
	}
	crds, err := CRDs()
	if err != nil {
		return nil, err
	}
	access, err := accessObjects(o.Namespace, !o.EKS)
	if err != nil {
		return nil, err
	}
	policies, err := Policies()
	if err != nil {
		return nil, err
	}
	var all []client.Object
	for _, c := range crds {
		all = append(all, c)
	}
	all = append(all, namespace(o.Namespace))
	all = append(all, access...)
	all = append(all, policies...)
	return append(all, deployment(o)), nil
}

// CRDs returns the CustomResourceDefinitions, ordered by name.
func CRDs() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	return decodeAll[apiextensionsv1.CustomResourceDefinition](crd.Files)
}

// AccessObjects returns the identities and permissions of the operator and of peers, without namespace and operator.
func AccessObjects() ([]client.Object, error) { return accessObjects(Namespace, true) }

func accessObjects(ns string, token bool) ([]client.Object, error) {
	roles, err := decodeAll[rbacv1.ClusterRole](rbac.Files)
	if err != nil {
		return nil, err
	}
	objects := []client.Object{serviceAccount(ns, OperatorName), serviceAccount(ns, PeerName)}
	if token {
		objects = append(objects, peerToken(ns))
	}
	for _, r := range roles {
		r.Labels = labels(r.Name)
		objects = append(objects, r, clusterRoleBinding(ns, r.Name))
	}
	objects = append(objects, leaseAccess(ns)...)
	return append(objects, inventoryAccess(ns)...), nil
}

// decodeAll reads each YAML file, one object in each.
func decodeAll[T any](files fs.FS) ([]*T, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var all []*T
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		obj := new(T)
		if err := yaml.UnmarshalStrict(raw, obj); err != nil {
			return nil, fmt.Errorf("reading embedded %s: %w", name, err)
		}
		all = append(all, obj)
	}
	return all, nil
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			"app.kubernetes.io/part-of":          "ringspan",
			"pod-security.kubernetes.io/enforce": "restricted",
		}},
	}
}

func labels(name string) map[string]string {
	return map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "ringspan"}
}
