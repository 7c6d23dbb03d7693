package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
)

// How often a region is asked whether it is there, and how long is waited between.
const (
	callAttempts = 3
	callAgain    = time.Second
)

// LeftOut is a region or a ring that up has done nothing about, because it doesn't
// answer or depends on one that doesn't. It isn't treated as one that doesn't exist.
type LeftOut struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// leaveOut records a region or ring with the first reason that is given for it.
func (u *Up) leaveOut(name, why string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !slices.ContainsFunc(u.left, func(l LeftOut) bool { return l.Name == name }) {
		u.left = append(u.left, LeftOut{name, why})
	}
}

// isIncluded tells whether the region of a datacenter answers, so that up continues with it.
func (u *Up) isIncluded(name string) bool {
	return name == "" || slices.ContainsFunc(u.regions, func(r region.Region) bool { return r.Name == name })
}

// reachable is nil when the API server of a region answers.
func reachable(ctx context.Context, r region.Region) (err error) {
	for attempt := range callAttempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(callAgain):
			}
		}
		ask, cancel := context.WithTimeout(ctx, answerLimit)
		err = r.Client.List(ask, &corev1.NamespaceList{}, client.Limit(1))
		cancel()
		if !unreachable(err) {
			return err
		}
	}
	return err
}

// unreachable tells whether an error isn't an API server's answer to the request.
func unreachable(err error) bool {
	if status, ok := errors.AsType[*apierrors.StatusError](err); ok {
		return apierrors.IsServiceUnavailable(err) || apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) ||
			strings.Contains(status.ErrStatus.Message, "etcdserver: ")
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, context.DeadlineExceeded)
}

// excludeUnanswered leaves out the regions that don't answer. It is an error when none does.
func (u *Up) excludeUnanswered(ctx context.Context, silent map[string]error) error {
	if len(silent) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	for _, r := range u.regions {
		if err := silent[r.Name]; err != nil {
			u.leaveOut(r.Name, "its API server does not answer: "+err.Error())
			u.report.Wait(report.Subject{Region: r.Name}, "")
			u.report.Line(report.Subject{Region: r.Name}, "left out: its API server does not answer")
		}
	}
	u.regions = slices.DeleteFunc(slices.Clone(u.regions), func(r region.Region) bool { return silent[r.Name] != nil })
	if len(u.regions) == 0 {
		return fmt.Errorf("no region answers: %s", u.leftWords())
	}
	return nil
}

func (u *Up) leftWords() string {
	var all []string
	for _, l := range u.left {
		all = append(all, l.Name+": "+l.Why)
	}
	return strings.Join(all, "; ")
}

// unansweredOf names a ring's regions that don't answer.
func (u *Up) unansweredOf(ring *fleet.Ring) (names []string) {
	for i := range ring.Spec.Cassandra.Datacenters {
		if name := ring.Spec.Cassandra.Datacenters[i].K8sContext; !u.isIncluded(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
