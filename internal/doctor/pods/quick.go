package pods

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/doctor"
	"github.com/ringspan/ringspan/internal/install"
)

// QuickExamine lets the pods of the operators measure, one in each region, which must
// run. They listen on the ports of a ring's nodes meanwhile.
func QuickExamine(ctx context.Context, regions []Region) (doctor.Observation, error) {
	e := newExamination(regions)
	e.each(func(i int, r Region) {
		if e.inspect(ctx, i); e.err[i] != nil {
			return
		}
		pod, err := r.operator(ctx)
		if err != nil {
			e.err[i] = err
			return
		}
		e.pods[i] = []corev1.Pod{pod}
	})
	e.measure(ctx, tasks{listen: true})
	return e.observation(), ctx.Err()
}

// operator waits for the operator's pod.
func (r Region) operator(ctx context.Context) (pod corev1.Pod, err error) {
	limit, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(startPoll)
	defer tick.Stop()
	for {
		var list corev1.PodList
		if err := r.Client.List(ctx, &list, client.InNamespace(install.Namespace), client.MatchingLabels{nameLabel: install.OperatorName}); err != nil {
			return pod, err
		}
		why := "it has not been made"
		for _, p := range list.Items {
			if p.Status.Phase == corev1.PodRunning && p.Status.PodIP != "" && p.DeletionTimestamp == nil {
				return p, nil
			}
			why = fmt.Sprintf("pod %s is %s%s", p.Name, p.Status.Phase, whyLate(p))
		}
		select {
		case <-limit.Done():
			return pod, errors.New("its operator doesn't run: " + why)
		case <-tick.C:
		}
	}
}
