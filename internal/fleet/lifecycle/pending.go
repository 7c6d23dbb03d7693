package lifecycle

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ringspan/ringspan/internal/distribution"
)

// Pending names the changes that wait for a restart of nodes, which nobody makes
// unasked: an agent that was built anew.
func (u *Up) Pending(ctx context.Context) []string {
	id := u.platform.agent()
	if id == "" {
		return nil
	}
	n := 0
	for _, r := range u.regions {
		targets, err := r.Nodes(ctx)
		if err != nil {
			continue // a region that is away is told elsewhere
		}
		var pods []corev1.Pod
		for _, t := range targets {
			pods = append(pods, t.Pod)
		}
		n += outdated(pods, id)
	}
	if n == 0 {
		return nil
	}
	keep := "nodes keep the one from before until they restart"
	if n == 1 {
		keep = "node keeps the one from before until it restarts"
	}
	return []string{fmt.Sprintf("ringspan-agent was built anew; %d %s, which a CassandraTask with the command restart does one by one", n, keep)}
}

// outdated counts the pods whose agent is of another build than the image.
func outdated(pods []corev1.Pod, id string) (n int) {
	for i := range pods {
		for _, c := range pods[i].Status.InitContainerStatuses {
			if strings.HasPrefix(c.ImageID, distribution.AgentImage+"@") && c.ImageID != id {
				n++
			}
		}
	}
	return n
}
