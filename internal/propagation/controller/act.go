package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/propagation"
)

// callTimeout bounds each call about a propagated object: a webhook or an API service that hangs must not hold up all others.
const callTimeout = 10 * time.Second

// Accounts makes clients that act as service accounts, one for each. The API server asks for each call whether the operator
// may act as that one.
func Accounts(config *rest.Config, mapper meta.RESTMapper) func(namespace, account string) (client.Client, error) {
	var mu sync.Mutex
	made := map[string]client.Client{}
	return func(namespace, account string) (client.Client, error) {
		mu.Lock()
		defer mu.Unlock()
		user := userOf(namespace, account)
		if made[user] != nil {
			return made[user], nil
		}
		as := rest.CopyConfig(config)
		as.Timeout = callTimeout
		as.Impersonate = rest.ImpersonationConfig{UserName: user} // its groups are added by the API server
		c, err := client.New(as, client.Options{Mapper: mapper})
		if err != nil {
			return nil, fmt.Errorf("acting as service account %s/%s: %w", namespace, account, err)
		}
		made[user] = c
		return c, nil
	}
}

func userOf(namespace, account string) string {
	return "system:serviceaccount:" + namespace + ":" + account
}

// namespaceOf is where the service account for an object is.
func namespaceOf(p *api.Propagation, ref api.ObjectReference) string {
	if ref.Namespace == "" {
		return p.Namespace
	}
	return ref.Namespace
}

// problem is an error of the API server in a status's terms. Who isn't allowed, the operator or the service account, is asked.
func (r *Reconciler) problem(ctx context.Context, p *api.Propagation, ref api.ObjectReference, otherwise string, err error) propagation.Problem {
	switch {
	case meta.IsNoMatchError(err):
		return propagation.Problem{Reason: api.RegionKindUnknown, Message: err.Error()}
	case !apierrors.IsForbidden(err):
		return propagation.Problem{Reason: otherwise, Message: err.Error()}
	case r.mayActAs(ctx, namespaceOf(p, ref), p.Spec.ServiceAccountName):
		return propagation.Problem{Reason: api.RegionNotAllowed, Message: fmt.Sprintf("service account %s may not: %v", p.Spec.ServiceAccountName, err)}
	}
	return propagation.Problem{Reason: api.RegionNotAllowed, Message: r.allow(namespaceOf(p, ref), p.Spec.ServiceAccountName)}
}

// allow says how a namespace lets the operator act as one of its service accounts.
func (r *Reconciler) allow(namespace, account string) string {
	return fmt.Sprintf("the operator of region %[1]s may not act as service account %[3]s of namespace %[2]s; to allow it: "+
		"kubectl --context %[1]s --namespace %[2]s create role ringspan-as-%[3]s --verb impersonate --resource serviceaccounts --resource-name %[3]s && "+
		"kubectl --context %[1]s --namespace %[2]s create rolebinding ringspan-as-%[3]s --role ringspan-as-%[3]s --serviceaccount %[4]s:ringspan-operator",
		r.Region, namespace, account, r.Peers.Namespace)
}

// mayActAs asks the API server about the operator itself. When that isn't known, the error that was there is told.
func (r *Reconciler) mayActAs(ctx context.Context, namespace, account string) bool {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: "impersonate", Resource: "serviceaccounts", Name: account}}}
	return r.Client.Create(ctx, review) != nil || review.Status.Allowed
}
