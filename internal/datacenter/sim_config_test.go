package datacenter_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ringspan/ringspan/internal/datacenter"
)

// readConfig reads the Secret of the configuration, and its copies.
func (r *region) readConfig(s *datacenter.State) {
	if name := r.dc.Spec.ConfigSecret; name != "" {
		var secret *corev1.Secret
		if data, there := r.secrets[name]; there {
			secret = &corev1.Secret{Data: map[string][]byte{}}
			secret.UID, secret.ResourceVersion = types.UID(name), strconv.Itoa(r.version[name])
			for key, value := range data {
				secret.Data[key] = []byte(value)
			}
		}
		s.ConfigSecret = datacenter.ReadConfigSecret(r.dc, secret)
	}
	s.ConfigSecret.Copies = maps.Clone(r.copies)
}

func (r *region) copyConfig(o *corev1.Secret) error {
	if _, there := r.copies[o.Name]; there {
		return errors.New("it exists already")
	}
	r.serial++
	o = o.DeepCopy()
	o.UID = types.UID(strconv.Itoa(r.serial))
	r.copies[o.Name] = datacenter.CopyOf(o)
	return nil
}

func (r *region) deleteCopy(o *corev1.Secret) error {
	if r.copies[o.Name].UID != o.UID {
		return errors.New("uid mismatch")
	}
	delete(r.copies, o.Name)
	return nil
}

// configOf is what a pod's agent is given; "" while its Secret isn't there, without which the kubelet starts no container.
func (r *region) configOf(pod *corev1.Pod) string {
	for _, e := range pod.Spec.Containers[0].Env {
		switch {
		case e.Name != "CONFIG_FILE_DATA":
		case e.ValueFrom != nil:
			return string(r.copies[e.ValueFrom.SecretKeyRef.Name].Data)
		default:
			return e.Value
		}
	}
	return ""
}

// configHappens is what users do to the Secret of a configuration.
func (r *region) configHappens(t *testing.T, d *datadriven.TestData) string {
	if d.Cmd == "configurations" {
		return r.configurations()
	}
	if d.Cmd == "per-node" {
		r.setPerNode(d)
		return ""
	}
	name := argument(t, d, "name")
	switch {
	case d.HasArg("deleted"):
		delete(r.secrets, name)
	case d.HasArg("labelled"):
		r.version[name]++
	default:
		r.secret(name, map[string]string{"config": d.Input})
	}
	return ""
}

// setPerNode writes the ConfigMap of single nodes: a line for a key, whose pod's name is shortened.
func (r *region) setPerNode(d *datadriven.TestData) {
	r.perNode = nil
	if d.HasArg("deleted") {
		return
	}
	r.perNode = &corev1.ConfigMap{Data: map[string]string{}}
	for line := range strings.SplitSeq(d.Input, "\n") {
		pod, yaml, _ := strings.Cut(line, ": ")
		r.perNode.Data["multi-region-"+pod] = yaml
	}
}

// configurations shows what each pod was made with, and which copies there are.
func (r *region) configurations() string {
	var b strings.Builder
	for _, pod := range slices.Sorted(maps.Keys(r.pods)) {
		_, after, _ := strings.Cut(r.configOf(r.pods[pod]), `"concurrent_reads":`)
		value, _, _ := strings.Cut(after, ",")
		line := []string{strings.TrimPrefix(pod, "multi-region-"), strings.Trim(value, `"}`), r.nodes[pod].NodeYAML()}
		if datacenter.PerNodeConfig(r.dc) != "" {
			line = append(line, strings.Join(r.nodes[pod].Options().InitialTokens, ","))
		}
		fmt.Fprintln(&b, strings.Join(slices.DeleteFunc(line, func(part string) bool { return part == "" }), " "))
	}
	for _, name := range slices.Sorted(maps.Keys(r.copies)) {
		fmt.Fprintln(&b, name)
	}
	return b.String()
}

func (r *region) switchQueryLog(step datacenter.Step) error {
	err := r.cassie.Dial(step.Pod.IP).SetFullQueryLog(context.Background(), step.On)
	if delete(r.queryLogs, step.Pod.UID); err != nil {
		r.queryLogs = map[string]datacenter.QueryLogFailure{step.Pod.UID: {At: r.now, Words: err.Error()}}
	}
	return err
}
