package propagate

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	kube "sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/propagation/client"
)

var front = kube.ObjectKey{Namespace: "default", Name: "front"}

// enable runs `orphan enable` in some regions.
func enable(t *testing.T, o orphaning, regions ...client.Region) (out, errOut string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	err = (&call{}).orphan(cmd, o, regions, front, api.DeletionOrphan)
	return stdout.String(), stderr.String(), err
}

// copyIn makes a region's copy, as an operator would; none runs here.
func copyIn(t *testing.T, r client.Region) {
	t.Helper()
	p := &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: front.Namespace, Name: front.Name}}
	p.Spec.ServiceAccountName = "propagation"
	p.Spec.Template = k8ssandra.Document{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "front"}}
	p.Spec.Placement.Regions = &[]string{"west"}
	if err := r.Kube.Create(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// setPolicy is what a region's operator does when it follows.
func setPolicy(ctx context.Context, r client.Region, policy api.DeletionPolicy) error {
	patch := kube.RawPatch("application/merge-patch+json", []byte(`{"spec":{"deletionPolicy":"`+policy+`"}}`))
	return r.Kube.Patch(ctx, &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: front.Namespace, Name: front.Name}}, patch)
}

// Enabling is done when the copies of all regions show it; a region that has none yet, is
// behind or doesn't answer is named, and what was written stays.
func TestOrphanWaitsForAllRegions(t *testing.T) {
	one, other := kubetest.Start(t), kubetest.Start(t)
	west, central := client.Region{Name: "west", Kube: one.Client}, client.Region{Name: "central", Kube: other.Client}
	copyIn(t, west)
	wants := func(what, text string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q doesn't say %q", what, text, part)
			}
		}
	}
	fails := func(what string, far client.Region, parts ...string) {
		t.Helper()
		out, _, err := enable(t, orphaning{wait: true, timeout: time.Second}, west, far)
		if err == nil || out != "" || strings.Contains(err.Error(), "region west: it") {
			t.Fatalf("%s: %v; %s", what, err, out)
		}
		wants(what, err.Error(), append(parts, "written in region west, where it stays", "1s (--timeout)")...)
	}
	fails("no copy", central, "region central: it has no copy of the Propagation")
	copyIn(t, central)
	fails("behind", central, "region central: its copy still says Delete")

	gone, err := kube.New(&rest.Config{Host: "https://127.0.0.1:1"}, kube.Options{Scheme: one.Client.Scheme(), Mapper: one.Client.RESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	fails("away", client.Region{Name: "far", Kube: gone}, "region far: it does not answer: ")
	p := &api.Propagation{}
	if err := west.Kube.Get(t.Context(), front, p); err != nil || p.Spec.DeletionPolicy != api.DeletionOrphan {
		t.Errorf("what was written: %v %q", err, p.Spec.DeletionPolicy)
	}
	out, _, err := enable(t, orphaning{timeout: time.Second}, west, client.Region{Name: "far", Kube: gone})
	if err != nil {
		t.Error(err)
	}
	wants("without waiting", out, "written in region west, the others follow")

	followed := make(chan error, 1)
	started := &told{Client: central.Kube, asked: make(chan struct{}, 1)}
	go func() {
		<-started.asked // the command has looked, and waits
		followed <- setPolicy(t.Context(), central, api.DeletionOrphan)
	}()
	for range 2 { // the second time, nothing is to be done
		out, news, err := enable(t, orphaning{wait: true, timeout: time.Minute}, west, client.Region{Name: "central", Kube: started})
		if err != nil {
			t.Fatal(err)
		}
		wants("done", out, "its deletion will orphan the objects; written in region west, and all regions show it")
		wants("progress", news, "west: its copy shows it", "central: its copy shows it")
	}
	if err := <-followed; err != nil {
		t.Error(err)
	}
}

// told is a client that tells when it is asked the second time: once by what writes, once by
// what waits.
type told struct {
	kube.Client

	count int
	asked chan struct{}
}

func (c *told) Get(ctx context.Context, name kube.ObjectKey, o kube.Object, opts ...kube.GetOption) error {
	err := c.Client.Get(ctx, name, o, opts...)
	if c.count++; c.count == 2 {
		c.asked <- struct{}{}
	}
	return err
}
