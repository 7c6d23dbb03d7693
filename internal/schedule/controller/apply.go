package controller

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ringspan/ringspan/internal/schedule"
)

// apply carries out the step, when there is one. A task of the name that has come since the list was read is an error, and the
// next pass sees whose it is.
func (r *Reconciler) apply(ctx context.Context, p schedule.Plan) (done schedule.Done) {
	for _, step := range p.Steps {
		log.FromContext(ctx).Info(string(step.Verb), "target", step.Target, "reason", step.Why)
		if done.Err = r.Client.Create(ctx, p.Task); done.Err == nil {
			done.Made = true
		}
	}
	return done
}
