package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/install"
)

// fieldOwner is under which name up writes what is in the user's file.
const fieldOwner = client.FieldOwner("ringspan-cli")

// ringRun brings one ring up.
type ringRun struct {
	*upRun
	ring   *fleet.Ring
	passed func(stage int)

	home region
	done map[string]bool // datacenters that were told to serve
}

// up applies the ring and its Secrets to one region, from where the others pull
// them, and waits until all of it serves.
func (u *ringRun) up(ctx context.Context) error {
	u.home, u.done = u.homeRegion(), map[string]bool{}
	if err := u.apply(ctx); err != nil {
		return fmt.Errorf("applying ring %s in region %s: %w", u.ring.Name, u.home.name, err)
	}
	u.report.Line(progress.Subject{Name: u.ring.Name}, "applied in "+u.home.name+"; the other regions take it over")
	if !u.wait {
		return nil
	}
	return u.await(ctx)
}

// homeRegion is where a ring is applied: the region of its first datacenter.
func (u *ringRun) homeRegion() region {
	want := u.ring.Spec.Cassandra.Datacenters[0].K8sContext
	for _, r := range u.regions {
		if r.name == want {
			return r
		}
	}
	return u.regions[0]
}

func (u *ringRun) apply(ctx context.Context) error {
	c := u.home.client
	ns := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": u.ring.Namespace}}}
	if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(ns), fieldOwner); err != nil {
		return err
	}
	for i := range u.file.Secrets {
		if s := &u.file.Secrets[i].Secret; s.Namespace == u.ring.Namespace {
			if err := install.ApplyObjects(ctx, c, plainSecret(s)); err != nil {
				return err
			}
		}
	}
	err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(u.ring.Object.DeepCopy()), fieldOwner, client.ForceOwnership)
	return u.explain(err)
}

// plainSecret has stringData where the API server would put it, so that applying
// it again changes nothing.
func plainSecret(s *corev1.Secret) *corev1.Secret {
	s = s.DeepCopy()
	s.APIVersion, s.Kind = "v1", "Secret"
	for k, v := range s.StringData {
		if s.Data == nil {
			s.Data = map[string][]byte{}
		}
		s.Data[k] = []byte(v)
	}
	s.StringData = nil
	return s
}

// explain puts the lines of the user's file to what the API server refuses.
func (u *ringRun) explain(err error) error {
	var status *apierrors.StatusError
	if !errors.As(err, &status) || !apierrors.IsInvalid(err) || status.ErrStatus.Details == nil {
		return err
	}
	var errs []error
	for _, cause := range status.ErrStatus.Details.Causes {
		if cause.Type == metav1.CauseTypeFieldValueInvalid && strings.HasPrefix(cause.Message, "Invalid value: null") {
			continue // follows from another cause
		}
		errs = append(errs, u.ring.Fault(strings.TrimPrefix(cause.Field, "<nil>"), cause.Message))
	}
	return errors.Join(append(errs, errors.New("the API server refuses it"))...)
}
