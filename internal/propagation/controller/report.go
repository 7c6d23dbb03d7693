package controller

import (
	"bytes"
	"context"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/propagation"
)

// report writes the status when it says something new.
func (p *pass) report(ctx context.Context, verdict propagation.Problem, managed []api.ObjectReference) error {
	next := propagation.Summarize(p.state, verdict, managed, p.found)
	if stored(next) == stored(p.p.Status) {
		return nil
	}
	before := p.p.Status
	p.p.Status = next
	if err := p.Client.Status().Update(ctx, p.p); err != nil {
		return err
	}
	old, now := meta.FindStatusCondition(before.Conditions, api.Propagated), meta.FindStatusCondition(next.Conditions, api.Propagated)
	if old == nil || old.Status != now.Status || old.Reason != now.Reason {
		kind := corev1.EventTypeNormal
		if now.Reason != api.ReasonPropagated {
			kind = corev1.EventTypeWarning
		}
		p.Events.Eventf(p.p, nil, kind, now.Reason, "Reconcile", "%s", now.Message)
	}
	return nil
}

// stored is a status as the API server keeps it, where empty and absent are the same.
func stored(s api.PropagationStatus) string {
	data, _ := json.Marshal(s) // API types: cannot fail
	var plain any
	_ = json.Unmarshal(data, &plain)
	data, _ = json.Marshal(plain)
	return string(bytes.TrimSpace(data))
}
