package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/kubetest"
)

// westOnly is the fleet with a region fewer.
var westOnly = strings.NewReplacer(", {name: central}", "", "      - {metadata: {name: dc2}, k8sContext: central, size: 1}\n", "").Replace(theirs)

// stage is a fleet that is up in two clusters of others.
type stage struct {
	*testing.T

	dir           string
	west, central *kubetest.Cluster
	out           string // of the last down
}

func staged(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, west: kubetest.Start(t), central: kubetest.Start(t)}
	file := clustersOfOthers(t, map[string]*kubetest.Cluster{"cluster-of-west": s.west, "central": s.central})
	s.dir = filepath.Dir(file)
	withoutOperator(t, s.west, s.central)
	introduceByHand(t, s.west, "central")
	introduceByHand(t, s.central, "west")
	s.up(file)
	return s
}

func (s *stage) up(file string) {
	s.Helper()
	if out, err := upThere(s.T, file); err != nil {
		s.Fatalf("%v\n%s", err, out)
	}
}

func (s *stage) down(file string, args ...string) (err error) {
	s.Helper()
	s.out, err = ringspan(s.T, append([]string{"down", "-f", file}, args...)...)
	return err
}

// untouched wants the ring to be there still, and what was saved to be as it was.
func (s *stage) untouched(what string, saved []byte) {
	s.Helper()
	ring := &k8ssandra.K8ssandraCluster{}
	if err := s.west.Client.Get(s.Context(), client.ObjectKey{Namespace: "default", Name: "ring"}, ring); err != nil || ring.DeletionTimestamp != nil {
		s.Errorf("%s: the ring was deleted: %v", what, err)
	}
	if now := s.saved(); !bytes.Equal(saved, now) {
		s.Errorf("%s: what was saved is another now:\n%s", what, now)
	}
}

// saved are both files of the fleet.
func (s *stage) saved() (all []byte) {
	s.Helper()
	f, err := inventory.OpenExisting("theirs", "")
	if err != nil {
		s.Fatal(err)
	}
	for _, path := range []string{f.Kubeconfig(), f.RecordFile()} {
		data, err := os.ReadFile(path)
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// A kubeconfig that leads elsewhere, a file that leaves a region out and a machine that
// knows nothing don't make down delete what isn't the fleet's, nor forget what is.
func TestDownKnowsItsClusters(t *testing.T) {
	s := staged(t)
	saved := s.saved()
	whole := filepath.Join(s.dir, "fleet.yaml")

	pointTo(t, s.dir, map[string]*kubetest.Cluster{"cluster-of-west": s.central, "central": s.west})
	says(t, "down in other clusters", s.down(whole), "nothing was deleted", "region west", "is not the one that fleet theirs was brought up in", "$KUBECONFIG")
	_, err := upThere(t, whole)
	says(t, "up in other clusters", err, "nothing was made", "region west", "region central", "is not the one that fleet theirs was brought up in")
	s.untouched("in other clusters", saved)

	pointTo(t, s.dir, map[string]*kubetest.Cluster{"cluster-of-west": s.west, "central": s.central})
	part := fileIn(t, s.dir, "part.yaml", westOnly)
	says(t, "down with a region fewer", s.down(part), "nothing was deleted", "would not be asked: central")
	_, err = upThere(t, part)
	says(t, "up with a region fewer", err, "nothing was made", "would not be asked: central")
	s.untouched("with a region fewer", saved)

	s.forget()
	says(t, "down with a region fewer, unknown", s.down(part), "nothing was deleted", "ring default/ring is also in region central")
	_, err = upThere(t, part)
	says(t, "up with a region fewer, unknown", err, "nothing was made", "ring default/ring is also in region central")
	says(t, "down, unknown", s.down(whole), "nothing was deleted", "no record of the cluster of central, west", s.west.Admin.Host, "rings: default/ring; volumes: 0", s.central.Admin.Host+": rings: none", "--yes")
	if _, err := os.Stat(filepath.Join(s.dir, "home")); !os.IsNotExist(err) {
		t.Errorf("a down that was refused has saved something: %v", err)
	}
	s.up(whole)
	s.keptVolumes(whole)
}

func (s *stage) forget() {
	s.Helper()
	f, err := inventory.OpenExisting("theirs", "")
	if err == nil {
		err = f.Forget()
	}
	if err != nil {
		s.Fatal(err)
	}
}

// keptVolumes stay, and somebody has to say that they may be nobody's.
func (s *stage) keptVolumes(whole string) {
	s.Helper()
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Namespace: "default", Name: "of-before", Finalizers: []string{deletion.KeepData},
		Labels: map[string]string{cassandra.ClusterLabel: "former", cassandra.DatacenterLabel: "dc"},
	}}
	claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	if err := s.central.Client.Create(s.Context(), claim); err != nil {
		s.Fatal(err)
	}
	saved := s.saved()
	says(s.T, "kept volumes", s.down(whole), "nothing was deleted", "claim default/of-before in central", "--leave-volumes")
	s.untouched("kept volumes", saved)
	s.forget()
	if err := s.down(whole, "--yes", "--leave-volumes"); err != nil {
		s.Fatalf("%v\n%s", err, s.out)
	}
	if err := s.central.Client.Get(s.Context(), client.ObjectKeyFromObject(claim), claim); err != nil || claim.DeletionTimestamp != nil {
		s.Errorf("the kept volume: %v", err)
	}
	if !strings.Contains(s.out, "Nobody looks after claim default/of-before in central") {
		s.Errorf("it isn't told who is left:\n%s", s.out)
	}
	ring := &k8ssandra.K8ssandraCluster{}
	if err := s.west.Client.Get(s.Context(), client.ObjectKey{Namespace: "default", Name: "ring"}, ring); !apierrors.IsNotFound(err) {
		s.Errorf("the ring is left: %v", err)
	}
}
