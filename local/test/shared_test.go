package test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ringspan/ringspan/local/cloud"
)

// maker makes a lab outside of any test; what fails ends it.
type maker struct{}

func (maker) Helper()                           {}
func (maker) Context() context.Context          { return context.Background() }
func (maker) Fatal(args ...any)                 { panic(errors.New(fmt.Sprint(args...))) }
func (maker) Fatalf(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

// plan is a region with one small cluster.
type plan struct {
	region, cidr, services string
	port                   int // of the API server; 0 = any
}

func (p plan) zones() []string { return []string{p.region + "-a", p.region + "-b"} }

// newRegions starts a lab, and makes a cluster with one node in each region, all
// peered with each other.
func newRegions(user *syscall.Credential, plans ...plan) (l *lab, err error) {
	var regions []cloud.Region
	for _, p := range plans {
		regions = append(regions, cloud.Region{Name: p.region, Zones: p.zones(), APIServerPort: p.port})
	}
	if l, err = newLab(user, regions...); err != nil {
		return l, err
	}
	if err := l.start(); err != nil {
		return l, err
	}
	defer func() {
		if failure, ok := recover().(error); ok {
			err = failure
		}
	}()
	a := &account{lab: l, t: maker{}}
	a.makeRoles()
	a.makeClusters(plans)
	return l, l.connect()
}

func (a *account) makeClusters(plans []plan) {
	var sites []*site
	for _, p := range plans {
		sites = append(sites, a.newSite(p.region, p.cidr, p.services, p.zones()...))
	}
	for i, s := range sites {
		s.connect()
		for _, other := range sites[:i] {
			s.peer(other)
			s.trust(other)
			other.trust(s)
		}
	}
	for _, s := range sites {
		var others []string
		for _, o := range sites {
			if o != s {
				others = append(others, o.cidr)
			}
		}
		s.addon("vpc-cni", fmt.Sprintf(`{"env":{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS":%q}}`, strings.Join(others, ",")))
		for _, name := range []string{"kube-proxy", "coredns", "aws-ebs-csi-driver"} {
			s.addon(name, "")
		}
		s.addNodes(1)
		s.makeClasses()
	}
	for _, s := range sites {
		s.awaitNodes()
	}
}

// makeClasses makes the storage classes that those who install a cluster make;
// the first one is the default.
func (s *site) makeClasses() {
	wait := storagev1.VolumeBindingWaitForFirstConsumer
	for i, name := range []string{"local-path", "standard", "gp3"} {
		class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "ebs.csi.aws.com", VolumeBindingMode: &wait}
		if i == 0 {
			class.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
		}
		if _, err := s.k8s.client.StorageV1().StorageClasses().Create(s.t.Context(), class, metav1.CreateOptions{}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// awaitNodes waits for the node group, for its nodes to be ready, and for what
// they do.
func (s *site) awaitNodes() {
	eventually(s.t, "nodes of "+s.region, func() error {
		group := do(s.t, s.eks.DescribeNodegroup, &eks.DescribeNodegroupInput{ClusterName: &s.name, NodegroupName: aws.String("workers")}).Nodegroup
		if group.Status != ekstypes.NodegroupStatusActive {
			return fmt.Errorf("the group is %s", group.Status)
		}
		found, err := s.readStatus()
		if err != nil {
			return err
		}
		for _, r := range found.Regions {
			if r.Name == s.region && (!r.Ready || len(r.Nodes) == 0) {
				return fmt.Errorf("not all are ready: %+v", r.Nodes)
			}
		}
		return nil
	})
}
