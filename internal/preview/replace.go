package preview

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// stop ends the node of a pod that stays: it is to be replaced.
func (m *model) stop(step datacenter.Step) {
	if pod := m.pod(step.Pod.Name); pod != nil {
		pod.Status.State, pod.Status.OperationMode, pod.Status.NativeTransport, pod.Ready = mgmtapi.Stopped, "", false, false
		m.setAlive(pod, false)
	}
}

// deleteClaims takes the claims of a node that has left, or of one that is replaced: that of its data is there as long as its pod is.
func (m *model) deleteClaims(step datacenter.Step) {
	if step.Record != api.ReplaceAnnotation {
		for _, v := range m.s.RemainingClaims() {
			delete(m.s.Claims, v.Name)
		}
		return
	}
	for _, v := range m.s.ReplacedClaims() {
		pod := m.pod(step.Target)
		if pod == nil || v.Name != datacenter.Claim(step.Target) {
			delete(m.s.Claims, v.Name)
			continue
		}
		claim := m.s.Claims[v.Name].DeepCopy()
		claim.DeletionTimestamp = &metav1.Time{Time: m.s.Now}
		m.s.Claims[v.Name], pod.ClaimDeleting = claim, true
	}
}

// endReplaced takes the pod of a node that is replaced, and its volume with it.
func (m *model) endReplaced(step datacenter.Step) {
	delete(m.s.Claims, datacenter.Claim(step.Pod.Name))
	m.endPod(step)
}

// askBesidesReplaced has another node be asked about the ring than one that is to be replaced.
func (m *model) askBesidesReplaced() (moved bool) {
	if len(m.s.DC.Spec.ReplaceNodes)+len(m.s.Replacements) == 0 && m.s.ReplacedPod() == "" {
		return false
	}
	pods := m.s.LeaverLast()
	i := slices.IndexFunc(pods, func(p datacenter.Pod) bool { return p.Agent && p.Status.State == mgmtapi.Running && !p.Deleting })
	if i < 0 {
		return false
	}
	for j := range m.s.Ringview {
		e := &m.s.Ringview[j]
		moved = moved || e.Local != (e.Address == pods[i].IP)
		e.Local = e.Address == pods[i].IP
	}
	return moved
}
