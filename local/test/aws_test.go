package test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAWS makes two EKS clusters in peered VPCs through Amazon's own clients,
// and looks at what becomes of pods and packets.
func TestAWS(t *testing.T) {
	a := newAccount(t)
	a.makeRoles()
	left, right := a.newSite("eu-west-1", "10.1.0.0/16", "172.20.0.0/16", "eu-west-1a", "eu-west-1b"), a.newSite("eu-central-1", "10.2.0.0/16", "172.20.0.0/16", "eu-central-1a", "eu-central-1b")
	left.connect()
	right.connect()
	left.peer(right)
	left.addNodes(1)
	node := left.onlyNode(t, "registered", func(*corev1.Node) bool { return true })

	t.Run("a node without the CNI isn't ready", func(t *testing.T) {
		left.onlyNode(t, "not ready for want of a network", func(n *corev1.Node) bool {
			return strings.Contains(readiness(n).Message, "cni plugin not initialized")
		})
	})
	for _, s := range []*site{left, right} {
		excluded := "" // on the right, the CNI does what it does by default
		if s == left {
			excluded = `{"env":{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS":"10.2.0.0/16","POD_MTU":"8500"}}`
		}
		s.addon("vpc-cni", excluded)
	}
	right.addNodes(1)
	ready := func(n *corev1.Node) bool { // the mark that it wasn't goes a moment later
		unmarked := !slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeNotReady })
		return readiness(n).Status == corev1.ConditionTrue && unmarked
	}
	node, far := left.onlyNode(t, "ready", ready), right.onlyNode(t, "ready", ready)

	t.Run("nodes say where they are", func(t *testing.T) {
		for key, want := range map[string]string{
			corev1.LabelTopologyRegion: "eu-west-1", corev1.LabelTopologyZone: "eu-west-1a", corev1.LabelInstanceTypeStable: "m5.large",
			"eks.amazonaws.com/nodegroup": "workers", "eks.amazonaws.com/capacityType": "ON_DEMAND", "rack": "r1",
		} {
			if got := node.Labels[key]; got != want {
				t.Errorf("label %s is %q, want %q", key, got, want)
			}
		}
		if len(node.Spec.Taints) != 1 || node.Spec.Taints[0].Key != "soft" || !strings.HasPrefix(node.Spec.ProviderID, "aws:///eu-west-1a/i-") {
			t.Errorf("taints %v, provider's id %s", node.Spec.Taints, node.Spec.ProviderID)
		}
		if ip := internalIP(node); !strings.HasPrefix(ip, "10.1.0.") {
			t.Errorf("the node's address is %s", ip)
		}
	})

	near := left.k8s.up(t, left.server("near")).Status.PodIP
	distant := right.k8s.up(t, right.server("distant")).Status.PodIP
	t.Run("security groups let in only what they say", func(t *testing.T) {
		if out, err := right.k8s.probe(t, "distant", "get", near+":8080"); err == nil {
			t.Errorf("no rule lets this in: %s", out)
		}
		left.open(right.cidr, 8080)
		right.open(left.cidr, 8080)
		left.k8s.answers(t, "near", fmt.Sprintf("distant at %s sees %s", distant, near), "get", distant+":8080")
	})
	t.Run("the CNI rewrites what isn't excluded", func(t *testing.T) {
		right.k8s.answers(t, "distant", fmt.Sprintf("near at %s sees %s", near, internalIP(far)), "get", near+":8080")
		do(t, right.eks.UpdateAddon, &eks.UpdateAddonInput{ClusterName: &right.name, AddonName: aws.String("vpc-cni"),
			ConfigurationValues: aws.String(`{"env":{"AWS_VPC_K8S_CNI_EXTERNALSNAT":"true"}}`)})
		right.k8s.answers(t, "distant", fmt.Sprintf("near at %s sees %s", near, distant), "get", near+":8080")
	})
	t.Run("packets are as large as the peering lets them be", func(t *testing.T) {
		left.k8s.answers(t, "near", "8472", "datagram", distant+":8080", "8500")
		right.k8s.answers(t, "distant", "8472", "datagram", near+":8080", "8500")
		if out, err := right.k8s.probe(t, "distant", "datagram", near+":8080", "8501"); err == nil {
			t.Errorf("a packet of 8501 bytes passes: %s", out)
		}
	})
	t.Run("faults work here, too", func(t *testing.T) {
		left.must(t, "fault", "cut", "eu-west-1")
		if out, err := right.k8s.probe(t, "distant", "get", near+":8080"); err == nil {
			t.Errorf("an answer over a cut: %s", out)
		}
		left.must(t, "fault", "heal")
		right.k8s.answers(t, "distant", fmt.Sprintf("near at %s sees %s", near, distant), "get", near+":8080")
	})
	t.Run("without a route answers don't come back", func(t *testing.T) {
		peering := do(t, left.ec2.DescribeVpcPeeringConnections, &ec2.DescribeVpcPeeringConnectionsInput{}).VpcPeeringConnections[0].VpcPeeringConnectionId
		do(t, left.ec2.DeleteRoute, &ec2.DeleteRouteInput{RouteTableId: &left.table, DestinationCidrBlock: &right.cidr})
		if out, err := right.k8s.probe(t, "distant", "get", near+":8080"); err == nil {
			t.Errorf("an answer without a route: %s", out)
		}
		do(t, left.ec2.CreateRoute, &ec2.CreateRouteInput{RouteTableId: &left.table, DestinationCidrBlock: &right.cidr, VpcPeeringConnectionId: peering})
		right.k8s.answers(t, "distant", fmt.Sprintf("near at %s sees %s", near, distant), "get", near+":8080")
	})
	t.Run("names resolve with both add-ons only", func(t *testing.T) {
		if out, err := left.k8s.probe(t, "near", "lookup", "kubernetes.default"); err == nil {
			t.Errorf("without coredns: %s", out)
		}
		left.addon("coredns", "")
		left.addon("kube-proxy", "")
		left.k8s.answers(t, "near", "172.20.0.1", "lookup", "kubernetes.default")
		left.k8s.answers(t, "near", "system:serviceaccount:default:default", "whoami")
	})
	t.Run("volumes come with their add-on", func(t *testing.T) { left.volume(t) })
	t.Run("access entries decide who may do what", func(t *testing.T) { left.access(t) })
	t.Run("the account survives a crash", func(t *testing.T) { left.crash(t) })
	t.Run("nothing is left of what is deleted", func(t *testing.T) { left.deleteAll(t) })
}

func readiness(n *corev1.Node) corev1.NodeCondition {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c
		}
	}
	return corev1.NodeCondition{}
}

func internalIP(n *corev1.Node) string {
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			return a.Address
		}
	}
	return ""
}

// onlyNode waits until the site's one node is what it shall be.
func (s *site) onlyNode(t *testing.T, state string, reached func(*corev1.Node) bool) (node *corev1.Node) {
	t.Helper()
	eventually(t, "node of "+s.region+" "+state, func() error {
		list, err := s.k8s.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(list.Items) != 1 || !reached(&list.Items[0]) {
			return fmt.Errorf("%d nodes", len(list.Items))
		}
		node = &list.Items[0]
		return nil
	})
	return node
}

func (s *site) volume(t *testing.T) {
	wait := storagev1.VolumeBindingWaitForFirstConsumer
	_, err := s.k8s.client.StorageV1().StorageClasses().Create(t.Context(), &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "gp3"}, Provisioner: "ebs.csi.aws.com", VolumeBindingMode: &wait, Parameters: map[string]string{"type": "gp3", "encrypted": "true"},
		AllowVolumeExpansion: new(true),
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.k8s.claim(t, "store", "gp3")
	pod := s.server("keeper")
	mount(pod, "store")
	s.k8s.create(t, pod)
	s.k8s.await(t, "keeper", "waiting for its volume", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodPending })
	s.addon("aws-ebs-csi-driver", "")
	s.k8s.ready(t, "keeper")
	claim, err := s.k8s.client.CoreV1().PersistentVolumeClaims(metav1.NamespaceDefault).Get(t.Context(), "store", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	volume, err := s.k8s.client.CoreV1().PersistentVolumes().Get(t.Context(), claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if volume.Annotations["parameters.local.ringspan.io/encrypted"] != "true" {
		t.Errorf("the volume's annotations are %v", volume.Annotations)
	}
	s.k8s.grow(t, claim, "3Gi")
}

// access lets a role in to look, and out again.
func (s *site) access(t *testing.T) {
	role := s.role("node")
	identity := do(t, sts.NewFromConfig(s.config(s.region)).AssumeRole, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("guest")}).Credentials
	c := s.config(s.region)
	c.Credentials = staticCredentials(*identity.AccessKeyId, *identity.SecretAccessKey, *identity.SessionToken)
	found := do(t, s.eks.DescribeCluster, &eks.DescribeClusterInput{Name: &s.name}).Cluster
	guest := s.as(c, *found.Endpoint, *found.CertificateAuthority.Data)
	list := func() error {
		_, err := guest.client.CoreV1().Pods(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{})
		return err
	}
	if err := list(); !apierrors.IsUnauthorized(err) {
		t.Errorf("without an entry: %v", err)
	}
	entries := do(t, s.eks.ListAccessEntries, &eks.ListAccessEntriesInput{ClusterName: &s.name}).AccessEntries
	for _, e := range entries { // the node group made one, as EKS does
		if e == role {
			do(t, s.eks.DeleteAccessEntry, &eks.DeleteAccessEntryInput{ClusterName: &s.name, PrincipalArn: &role})
		}
	}
	do(t, s.eks.CreateAccessEntry, &eks.CreateAccessEntryInput{ClusterName: &s.name, PrincipalArn: &role})
	do(t, s.eks.AssociateAccessPolicy, &eks.AssociateAccessPolicyInput{ClusterName: &s.name, PrincipalArn: &role,
		PolicyArn: aws.String("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"), AccessScope: &ekstypes.AccessScope{Type: ekstypes.AccessScopeTypeCluster}})
	eventually(t, "the guest's look at pods", list)
	if err := guest.client.CoreV1().Pods(metav1.NamespaceDefault).Delete(t.Context(), "near", metav1.DeleteOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a guest that may only look deletes a pod: %v", err)
	}
	do(t, s.eks.DeleteAccessEntry, &eks.DeleteAccessEntryInput{ClusterName: &s.name, PrincipalArn: &role})
	eventually(t, "the guest's end", func() error {
		if err := list(); !apierrors.IsUnauthorized(err) {
			return fmt.Errorf("the guest gets %v", err)
		}
		return nil
	})
}

// crash kills the lab and starts it again: the cluster is the same.
func (s *site) crash(t *testing.T) {
	before, err := s.k8s.client.CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := s.k8s.ready(t, "near")
	s.kill()
	s.gone(t)
	s.serve()
	s.connect()
	eventually(t, "API server after the crash", func() error {
		after, err := s.k8s.client.CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{})
		if err == nil && after.UID != before.UID {
			t.Fatalf("another cluster: %s, was %s", after.UID, before.UID)
		}
		return err
	})
	s.k8s.await(t, "near", "started again", func(p *corev1.Pod) bool {
		return isReady(p) && p.UID == pod.UID && p.Status.ContainerStatuses[0].ContainerID != pod.Status.ContainerStatuses[0].ContainerID
	})
	s.k8s.answers(t, "near", "172.20.0.1", "lookup", "kubernetes.default")
}

// deleteAll removes the node group and the cluster, and looks for processes.
func (s *site) deleteAll(t *testing.T) {
	do(t, s.eks.DeleteNodegroup, &eks.DeleteNodegroupInput{ClusterName: &s.name, NodegroupName: aws.String("workers")})
	eventually(t, "end of the node group", func() error {
		var gone *ekstypes.ResourceNotFoundException
		if _, err := s.eks.DescribeNodegroup(t.Context(), &eks.DescribeNodegroupInput{ClusterName: &s.name, NodegroupName: aws.String("workers")}); !errors.As(err, &gone) {
			return fmt.Errorf("it is still there: %w", err)
		}
		return nil
	})
	do(t, s.eks.DeleteCluster, &eks.DeleteClusterInput{Name: &s.name})
	eventually(t, "end of the cluster's processes", func() error {
		for _, p := range s.processes() {
			if strings.Contains(p, s.region+".ring") {
				return errors.New(p)
			}
		}
		return nil
	})
}
