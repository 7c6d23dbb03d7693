package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/propagation"
)

// Request is an object that should be in some regions.
type Request struct {
	Namespace string // of the Propagation, and of the object if that is in one
	Kind      string // as kubectl takes it: a resource or a kind, with its group where that is needed; "" for a Propagation by name
	Name      string
	Placement api.Placement
	Account   string // the service account of a new Propagation
	From      string // the region that has the object; "" for the first one
	Template  bool   // the object becomes a template; or else the others follow it where it is
	Adopt     bool   // of a new Propagation: objects that regions have already, seen or not, are taken over
}

// Propagation is the name of the one for the request's object.
func (q Request) Propagation() client.ObjectKey {
	if q.Kind == "" {
		return client.ObjectKey{Namespace: q.Namespace, Name: q.Name}
	}
	return client.ObjectKey{Namespace: q.Namespace, Name: propagation.NameOf(q.Kind, q.Name)}
}

// Place changes where an object is, and makes a Propagation for it when there is none. It says what it did.
func Place(ctx context.Context, regions []Region, q Request) (string, error) {
	var found *located
	if q.Kind != "" { // what the object is called is known to a region that has it, or to its API server
		var err error
		if found, err = locate(ctx, regions, q); err != nil {
			return "", err
		}
		q.Kind = found.mapping.GroupVersionKind.Kind
	}
	name := q.Propagation()
	c, err := one(find(ctx, regions, name), name)
	switch {
	case err != nil:
		return "", err
	case c != nil:
		err := edit(ctx, c, func(s *api.PropagationSpec) { s.Placement = q.Placement })
		return fmt.Sprintf("propagation %s placed, in region %s; the others follow", name, c.region.Name), err
	case q.Kind == "":
		return "", fmt.Errorf("there is no Propagation %s; KIND/NAME makes one of an object", name)
	}
	return makeOf(ctx, q, found)
}

// located is an object in the region that has it; nil when none has.
type located struct {
	region  Region
	mapping *meta.RESTMapping
	object  *unstructured.Unstructured
}

// locate finds the object that a request is about.
func locate(ctx context.Context, regions []Region, q Request) (*located, error) {
	var known *located
	var errs []error
	for _, r := range regions {
		if q.From != "" && r.Name != q.From {
			continue
		}
		l, err := look(ctx, r, q)
		if err != nil {
			errs = append(errs, fmt.Errorf("region %s: %w", r.Name, err))
			continue
		}
		if l.object != nil {
			return l, nil
		}
		known = l
	}
	if known != nil {
		return known, nil
	}
	if len(errs) == 0 {
		return nil, fmt.Errorf("there is no region %q", q.From)
	}
	return nil, errors.Join(errs...)
}

func look(ctx context.Context, r Region, q Request) (*located, error) {
	ask, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	mapping, err := mappingOf(r.Kube.RESTMapper(), q.Kind)
	if err != nil {
		return nil, err
	}
	key := client.ObjectKey{Name: q.Name}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		key.Namespace = q.Namespace
	}
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(mapping.GroupVersionKind)
	err = r.Kube.Get(ask, key, o)
	if apierrors.IsNotFound(err) {
		return &located{region: r, mapping: mapping}, nil
	}
	return &located{r, mapping, o}, err
}

// mappingOf understands a resource or a kind, with its group or without.
func mappingOf(mapper meta.RESTMapper, text string) (*meta.RESTMapping, error) {
	gr := schema.ParseGroupResource(strings.ToLower(text))
	gvk, err := mapper.KindFor(gr.WithVersion(""))
	if err != nil {
		gk := schema.ParseGroupKind(text)
		return mapper.RESTMapping(gk)
	}
	return mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
}

// makeOf makes a Propagation of an object in the region that has it.
func makeOf(ctx context.Context, q Request, l *located) (string, error) {
	if l.object == nil {
		return "", fmt.Errorf("no region has %s %s/%s, and there is no Propagation %s of it", l.mapping.GroupVersionKind.Kind, q.Namespace, q.Name, q.Propagation())
	}
	if why := propagation.OwnedBy(l.object); why != "" {
		return "", fmt.Errorf("%s %s of region %s: %s", l.object.GetKind(), q.Name, l.region.Name, why)
	}
	p := &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: q.Namespace, Name: q.Propagation().Name}}
	p.Spec.ServiceAccountName, p.Spec.Placement, p.Spec.Adopt = q.Account, q.Placement, q.Adopt
	if q.Template {
		p.Spec.Template = propagation.Template(l.object)
		unstructured.RemoveNestedField(p.Spec.Template, "metadata", "namespace")
	} else {
		p.Spec.Source = &api.PropagationSource{Region: l.region.Name, APIVersion: l.object.GetAPIVersion(), Kind: l.object.GetKind(), Name: q.Name}
	}
	if err := propagation.Check(&p.Spec); err != nil {
		return "", err
	}
	ask, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	if err := l.region.Kube.Create(ask, p); err != nil {
		return "", err
	}
	said := fmt.Sprintf("propagation %s/%s made, in region %s; the others follow", p.Namespace, p.Name, l.region.Name)
	if q.Template && !q.Adopt {
		said += "; objects that are there already stay as they are until spec.adopt is true"
	}
	return said, nil
}
