package kubetest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/kubetest"
)

const validSchedule = `
apiVersion: control.k8ssandra.io/v1alpha1
kind: ScheduledTask
metadata: {name: nightly, namespace: default}
spec:
  schedule: "0 2 * * *"
  taskDetails: {name: clean, datacenter: {name: dc1}, jobs: [{name: clean, command: cleanup}]}
`

// What was made before a policy came which would refuse it now can still lose a finalizer, and so be deleted.
func TestWhatIsOlderThanAPolicyCanGo(t *testing.T) {
	cluster := kubetest.Start(t)
	for policy, manifest := range map[string]string{"ringspan-k8ssandratask": validRingTask, "ringspan-scheduledtask": validSchedule} {
		t.Run(kind(manifest), func(t *testing.T) {
			binding := &admissionv1.ValidatingAdmissionPolicyBinding{}
			if err := cluster.Client.Get(t.Context(), client.ObjectKey{Name: policy}, binding); err != nil {
				t.Fatal(err)
			}
			if err := cluster.Client.Delete(t.Context(), binding); err != nil {
				t.Fatal(err)
			}
			old := parse(t, manifest)
			old.SetName(strings.Repeat("n", 64))
			old.SetFinalizers([]string{"example.com/kept"})
			untilAccepted(t, cluster, old, true)
			if err := cluster.Client.Create(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			binding.ResourceVersion, binding.UID = "", ""
			if err := cluster.Client.Create(t.Context(), binding); err != nil {
				t.Fatal(err)
			}
			another := parse(t, manifest)
			another.SetName(strings.Repeat("m", 64))
			untilAccepted(t, cluster, another, false)
			old.SetFinalizers(nil)
			if err := cluster.Client.Update(t.Context(), old); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// untilAccepted waits until the API server would make an object, or would refuse to.
func untilAccepted(t *testing.T, cluster *kubetest.Cluster, obj *unstructured.Unstructured, accepted bool) {
	t.Helper()
	dry := client.NewDryRunClient(cluster.Client)
	var last error
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = dry.Create(ctx, obj.DeepCopy())
		return (last == nil) == accepted, nil
	}); err != nil {
		t.Fatalf("an object that should be accepted is (%t): %v", accepted, last)
	}
}
