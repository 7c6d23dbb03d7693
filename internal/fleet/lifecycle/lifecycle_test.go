package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/ringspan/ringspan/internal/fleet"
)

func TestMemory(t *testing.T) {
	f, err := fleet.Load("../../../examples/article.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for meminfo, want := range map[string]string{
		"MemTotal: 1 kB\nMemAvailable:    8388608 kB\n": "",
		"MemAvailable:    3145728 kB\n":                 "",
		"MemAvailable:    2097152 kB\n":                 "too little memory: 2048 MiB are free, and 2 regions with 6 Cassandra nodes take about 3980 MiB",
		"nothing of the kind":                           "",
	} {
		err := checkMemory(meminfo, f)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", meminfo, err)
		}
	}
}

// A phase begins when the last ring has got there, and only once.
func TestMilestones(t *testing.T) {
	var told []string
	m := newMilestones(2, func(name string) { told = append(told, name) }, "nodes", "roles")
	first, second := m.of(0), m.of(1)
	first(2)
	second(1)
	first(2)
	second(2)
	second(1)
	if diff := cmp.Diff([]string{"nodes", "roles"}, told); diff != "" {
		t.Error(diff)
	}
}

// Applying a Secret again must change nothing: stringData would.
func TestPlainSecret(t *testing.T) {
	s := &corev1.Secret{StringData: map[string]string{"a": "1"}, Data: map[string][]byte{"a": []byte("0"), "b": []byte("2")}}
	got := plainSecret(s)
	if diff := cmp.Diff(map[string][]byte{"a": []byte("1"), "b": []byte("2")}, got.Data); diff != "" || got.StringData != nil || got.Kind != "Secret" {
		t.Error(diff)
	}
	if len(s.StringData) != 1 || string(s.Data["a"]) != "0" {
		t.Error("the file's own Secret was changed")
	}
}

// Only nodes whose agent is of another build are counted.
func TestNodesWithAnAgentFromBefore(t *testing.T) {
	pod := func(images ...string) (p corev1.Pod) {
		for _, i := range images {
			p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, corev1.ContainerStatus{ImageID: i})
		}
		return p
	}
	pods := []corev1.Pod{pod("cassandra:5.0.9", "ringspan/agent@sha256:1"), pod("ringspan/agent@sha256:2"), pod("busybox@sha256:1"), pod("ringspan/agent:v1"), pod("")}
	if n := outdated(pods, "ringspan/agent@sha256:2"); n != 1 {
		t.Errorf("%d nodes", n)
	}
}
