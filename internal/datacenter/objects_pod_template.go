package datacenter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// Names of what cass-operator has in its pods, which users' templates know.
const (
	installName    = "server-config-init"
	baseConfigName = "server-config-init-base" // copies the image's configuration for the one that is built from it
	portVariable   = "MGMT_API_LISTEN_TCP_PORT"
)

// peersVolumes are volumes that pods of cass-operator have and ours have no use for.
var peersVolumes = []string{"server-config-base", "etc-cassandra", "vector-lib"}

// overlay merges the user's template over ours: values win, lists merge by name. Where that would mean something else than in
// cass-operator, what stands in the way is taken out before.
func overlay(t corev1.PodTemplateSpec, user *corev1.PodTemplateSpec) (corev1.PodTemplateSpec, error) {
	if user == nil {
		return t, nil
	}
	user = user.DeepCopy()
	user.Spec.InitContainers = slices.DeleteFunc(user.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == baseConfigName && c.Image == "" })
	giveWay(&t.Spec, &user.Spec)
	labels := maps.Clone(t.Labels)
	out, err := patched(t, user)
	if err != nil {
		return t, fmt.Errorf("podTemplateSpec: %w", err)
	}
	out.Labels = merged(out.Labels, labels) // pods are found by them
	out.Spec.InitContainers = inOrder(out.Spec.InitContainers, user.Spec.InitContainers)
	addPeersVolumes(&out.Spec)
	return out, nil
}

func patched(t corev1.PodTemplateSpec, user *corev1.PodTemplateSpec) (out corev1.PodTemplateSpec, err error) {
	base, err := json.Marshal(t)
	if err != nil {
		return t, err
	}
	patch, err := json.Marshal(user)
	if err != nil {
		return t, err
	}
	// An empty list of containers in the user's template is Go's way of saying
	// nothing; as a patch it would be harmless, a null would delete ours.
	patch = []byte(strings.ReplaceAll(string(patch), `"containers":null`, `"containers":[]`))
	merged, err := strategicpatch.StrategicMergePatch(base, patch, corev1.PodTemplateSpec{})
	if err != nil {
		return t, err
	}
	return out, json.Unmarshal(merged, &out)
}

// giveWay takes out of ours what the user's replaces, and out of the user's what fields of the datacenter's spec say.
func giveWay(ours, user *corev1.PodSpec) {
	if user.SecurityContext != nil {
		ours.SecurityContext = nil
	}
	if len(ours.Tolerations) > 0 {
		user.Tolerations = nil
	}
	if ours.ServiceAccountName != "" {
		user.ServiceAccountName, user.DeprecatedServiceAccount = "", ""
	}
	addAffinity(ours.Affinity, user.Affinity)
	user.Affinity = nil
	for i := range ours.Containers {
		of := slices.IndexFunc(user.Containers, func(c corev1.Container) bool { return c.Name == ours.Containers[i].Name })
		if of < 0 {
			continue
		}
		theirs := &user.Containers[of]
		for _, p := range []struct{ ours, user **corev1.Probe }{
			{&ours.Containers[i].LivenessProbe, &theirs.LivenessProbe}, {&ours.Containers[i].ReadinessProbe, &theirs.ReadinessProbe},
		} {
			if *p.user != nil && (*p.user).ProbeHandler != (corev1.ProbeHandler{}) {
				*p.ours = nil
			}
		}
	}
}

// addAffinity adds the terms of the user's template to ours: all that either of them requires is required.
func addAffinity(ours, user *corev1.Affinity) {
	if ours == nil || user == nil {
		return
	}
	if p := user.PodAntiAffinity; p != nil {
		if ours.PodAntiAffinity == nil {
			ours.PodAntiAffinity = &corev1.PodAntiAffinity{}
		}
		to := ours.PodAntiAffinity
		to.RequiredDuringSchedulingIgnoredDuringExecution = append(to.RequiredDuringSchedulingIgnoredDuringExecution, p.RequiredDuringSchedulingIgnoredDuringExecution...)
		to.PreferredDuringSchedulingIgnoredDuringExecution = append(to.PreferredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution...)
	}
	if p := user.PodAffinity; p != nil {
		if ours.PodAffinity == nil {
			ours.PodAffinity = &corev1.PodAffinity{}
		}
		to := ours.PodAffinity
		to.RequiredDuringSchedulingIgnoredDuringExecution = append(to.RequiredDuringSchedulingIgnoredDuringExecution, p.RequiredDuringSchedulingIgnoredDuringExecution...)
		to.PreferredDuringSchedulingIgnoredDuringExecution = append(to.PreferredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution...)
	}
	if p := user.NodeAffinity; p != nil {
		if ours.NodeAffinity == nil {
			ours.NodeAffinity = &corev1.NodeAffinity{}
		}
		ours.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = append(ours.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution...)
		ours.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = bothSelectors(ours.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution, p.RequiredDuringSchedulingIgnoredDuringExecution)
	}
}

// bothSelectors is met where each of two is: any term suffices, so each of one is joined with each of the other.
func bothSelectors(a, b *corev1.NodeSelector) *corev1.NodeSelector {
	if a == nil || b == nil || len(a.NodeSelectorTerms) == 0 || len(b.NodeSelectorTerms) == 0 {
		if a == nil || len(a.NodeSelectorTerms) == 0 {
			return b
		}
		return a
	}
	both := &corev1.NodeSelector{}
	for _, x := range a.NodeSelectorTerms {
		for _, y := range b.NodeSelectorTerms {
			both.NodeSelectorTerms = append(both.NodeSelectorTerms, corev1.NodeSelectorTerm{
				MatchExpressions: slices.Concat(x.MatchExpressions, y.MatchExpressions), MatchFields: slices.Concat(x.MatchFields, y.MatchFields)})
		}
	}
	return both
}

// inOrder puts init containers into the order of the user's list, which is the order in which they run. Those that it doesn't name
// run before.
func inOrder(all, user []corev1.Container) []corev1.Container {
	place := func(c corev1.Container) int {
		return slices.IndexFunc(user, func(u corev1.Container) bool { return u.Name == c.Name })
	}
	slices.SortStableFunc(all, func(a, b corev1.Container) int { return place(a) - place(b) })
	return all
}

// addPeersVolumes adds volumes that containers mount because cass-operator's pods have them. Nothing is in them.
func addPeersVolumes(pod *corev1.PodSpec) {
	for _, name := range peersVolumes {
		mounts := func(c corev1.Container) bool {
			return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == name })
		}
		there := slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == name })
		if !there && slices.ContainsFunc(slices.Concat(pod.InitContainers, pod.Containers), mounts) {
			pod.Volumes = append(pod.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
		}
	}
}

// managementPort is on which port agents of new pods listen: the user's template may say.
func (s *State) managementPort() int32 {
	if t := s.DC.Spec.PodTemplateSpec; t != nil {
		return int32(portOf(t.Spec.Containers))
	}
	return portManagement
}

// AgentPort is on which port a pod's agent listens, as the pod was made.
func AgentPort(pod *corev1.Pod) int { return portOf(pod.Spec.Containers) }

func portOf(containers []corev1.Container) int {
	for _, c := range containers {
		if c.Name != "cassandra" {
			continue
		}
		for _, e := range c.Env {
			if port, err := strconv.ParseUint(e.Value, 10, 16); e.Name == portVariable && err == nil && port > 0 {
				return int(port)
			}
		}
	}
	return portManagement
}

// templateNotActedOn lists what of the user's template does nothing, or not what it does in cass-operator.
func (s *State) templateNotActedOn() (names []string) {
	t := s.DC.Spec.PodTemplateSpec
	if t == nil {
		return nil
	}
	const at = "spec.podTemplateSpec.spec.initContainers"
	for _, c := range t.Spec.InitContainers {
		mounts := func(volumes ...string) bool {
			return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return slices.Contains(volumes, m.Name) })
		}
		switch {
		case c.Name == baseConfigName:
			names = append(names, at+" "+c.Name+" (nobody reads the base configuration that it copies)")
		case c.Name != installName && mounts(configVolume):
			names = append(names, at+" "+c.Name+" (what it writes to volume "+configVolume+" is written anew when the node starts: use spec.config)")
		case mounts(peersVolumes...):
			names = append(names, at+" "+c.Name+" (nobody reads or fills volumes "+strings.Join(peersVolumes, ", ")+")")
		}
	}
	return names
}
