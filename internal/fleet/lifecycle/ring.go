package lifecycle

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

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
)

// FieldOwner is under which name up writes what is in the user's file.
const FieldOwner = client.FieldOwner("ringspan-cli")

// ringRun brings one ring up.
type ringRun struct {
	*Up
	ring   *fleet.Ring
	passed func(stage int)

	home region.Region
}

// up applies the ring and its Secrets to one region, from where the others pull
// them, and waits until all of it serves.
func (u *ringRun) up(ctx context.Context) error {
	u.home = u.homeRegion()
	if silent := u.unansweredOf(u.ring); len(silent) > 0 {
		if there, err := u.without(ctx, silent); err != nil || !there {
			return err
		}
	}
	if err := u.apply(ctx); err != nil {
		return fmt.Errorf("applying ring %s in region %s: %w", u.ring.Name, u.home.Name, err)
	}
	u.report.Line(report.Subject{Name: u.ring.Name}, "applied in "+u.home.Name+"; the other regions take it over")
	if !u.options.Wait {
		return nil
	}
	return u.await(ctx)
}

// without chooses where a ring is applied while some of its regions don't answer: at
// home, else where it has a copy. A ring that has none anywhere may be one that only
// they hold, and one that isn't there yet boots only when all of its regions reach
// each other, unless the user says --prove=false: it is left out.
func (u *ringRun) without(ctx context.Context, silent []string) (there bool, err error) {
	for _, r := range append([]region.Region{u.home}, u.regions...) {
		var k k8ssandra.K8ssandraCluster
		err := r.Client.Get(ctx, client.ObjectKey{Namespace: u.ring.Namespace, Name: u.ring.Name}, &k)
		if err == nil && k.DeletionTimestamp.IsZero() {
			u.home = r
			return true, nil
		}
		if client.IgnoreNotFound(err) != nil {
			return false, fmt.Errorf("ring %s in region %s: %w", u.ring.Name, r.Name, err)
		}
	}
	if !u.options.Proof && u.home.Name == u.ring.Spec.Cassandra.Datacenters[0].K8sContext {
		return true, nil
	}
	u.leaveOut("ring "+u.ring.Name, "no region that answers has it, and "+strings.Join(silent, " and ")+" can't be asked: it isn't begun")
	u.passed(2) // nobody waits for it
	return false, nil
}

// homeRegion is where a ring is applied: the region of its first datacenter.
func (u *ringRun) homeRegion() region.Region {
	want := u.ring.Spec.Cassandra.Datacenters[0].K8sContext
	for _, r := range u.regions {
		if r.Name == want {
			return r
		}
	}
	return u.regions[0]
}

// atHome is false while the ring is applied elsewhere because its home is away.
func (u *ringRun) atHome() bool {
	return u.isIncluded(u.ring.Spec.Cassandra.Datacenters[0].K8sContext)
}

func (u *ringRun) apply(ctx context.Context) error {
	c := u.home.Client
	ns := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": u.ring.Namespace}}}
	if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(ns), FieldOwner); err != nil {
		return err
	}
	for i := range u.file.Secrets {
		if s := &u.file.Secrets[i].Secret; s.Namespace == u.ring.Namespace {
			if !u.atHome() { // a copy follows its origin, which isn't here
				u.leaveOut("Secret "+s.Name, "region "+u.ring.Spec.Cassandra.Datacenters[0].K8sContext+" holds its origin")
				continue
			}
			if err := install.ApplyObjects(ctx, c, plainSecret(s)); err != nil {
				return err
			}
		}
	}
	if err := u.grants(ctx); err != nil {
		return err
	}
	err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(u.ring.Object.DeepCopy()), FieldOwner, client.ForceOwnership)
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
