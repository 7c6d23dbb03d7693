package install

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/fleet/aws/login"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
)

// Peer is another region as this region's operator reaches it.
type Peer struct {
	// Region is the peer's name.
	Region string
	// Server is the URL of the peer's API server as seen from inside the fleet's network.
	Server string
	// Addresses are further ways to the API server, as HOST:PORT, in the order in which they are tried.
	Addresses []string
	// CA is the PEM certificate that the API server's is signed with.
	CA []byte
	// Token is that of the peer's ServiceAccount ringspan-peer. Where Cluster is given there is none.
	Token string
	// TLSName is the name in the API server's certificate, where that isn't the host of Server.
	TLSName string
	// AWSRegion and Cluster name a cluster of EKS, to which the operator comes with its role.
	AWSRegion, Cluster string
}

// program is where the operator's image has it.
const program = "/opt/ringspan/ringspan-operator"

// PeerObjects returns the ClientConfig of a peer and its Secret with the kubeconfig, for the operator's namespace.
func PeerObjects(ns string, p Peer) ([]client.Object, error) {
	if ns == "" {
		ns = Namespace
	}
	if p.Region == "" || p.Server == "" || (p.Token == "") == (p.Cluster == "") {
		return nil, fmt.Errorf("making the peer %q known: region, server, and either a token or a cluster of EKS are needed", p.Region)
	}
	kubeconfig, err := Kubeconfig(p)
	if err != nil {
		return nil, err
	}
	name := "peer-" + p.Region
	return []client.Object{
		&corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name + "-kubeconfig", Labels: labels(PeerName)},
			Type:       corev1.SecretTypeOpaque,
			Data:       map[string][]byte{configv1beta1.KubeConfigKey: kubeconfig},
		},
		&configv1beta1.ClientConfig{
			TypeMeta:   metav1.TypeMeta{APIVersion: configv1beta1.GroupVersion.String(), Kind: "ClientConfig"},
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: labels(PeerName)},
			Spec: configv1beta1.ClientConfigSpec{
				ContextName:      p.Region,
				KubeConfigSecret: corev1.LocalObjectReference{Name: name + "-kubeconfig"},
			},
		},
	}, nil
}

// Kubeconfig returns a kubeconfig file with one context named like the peer's region.
func Kubeconfig(p Peer) ([]byte, error) {
	c := clientcmdapi.NewConfig()
	cluster := &clientcmdapi.Cluster{Server: p.Server, CertificateAuthorityData: p.CA, TLSServerName: p.TLSName}
	if len(p.Addresses) > 0 {
		list, err := json.Marshal(configv1beta1.Addresses{Addresses: p.Addresses})
		if err != nil {
			return nil, err
		}
		cluster.Extensions = map[string]runtime.Object{configv1beta1.AddressesExtension: &runtime.Unknown{Raw: list, ContentType: runtime.ContentTypeJSON}}
	}
	c.Clusters[p.Region] = cluster
	c.AuthInfos[p.Region] = &clientcmdapi.AuthInfo{Token: p.Token}
	if p.Cluster != "" {
		c.AuthInfos[p.Region] = &clientcmdapi.AuthInfo{Exec: login.Exec(program, p.AWSRegion, p.Cluster)}
	}
	c.Contexts[p.Region] = &clientcmdapi.Context{Cluster: p.Region, AuthInfo: p.Region}
	c.CurrentContext = p.Region
	return clientcmd.Write(*c)
}
