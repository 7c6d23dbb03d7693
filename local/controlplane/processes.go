package controlplane

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Process is one component's command line, without the program's name.
type Process struct {
	Name string
	Args []string
}

// Processes are the control plane's components, in the order of their start.
// etcd writes through to the disk: a ring's objects survive a power failure.
func (p Plane) Processes(ca *Authority) ([]Process, error) {
	server, err := p.apiServer(ca)
	if err != nil {
		return nil, err
	}
	return []Process{
		{"etcd", []string{"--data-dir=" + filepath.Join(p.Dir, "etcd"), "--log-level=warn",
			"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379", "--listen-peer-urls=http://127.0.0.1:2380"}},
		{"kube-apiserver", server},
		{"kube-controller-manager", []string{"--kubeconfig=" + ca.Path("controller-manager.kubeconfig"), "--leader-elect=false", "--use-service-account-credentials",
			"--flex-volume-plugin-dir=" + filepath.Join(p.Dir, "flex"), // it creates the default one, which lies on the machine
			"--kube-api-qps=300", "--kube-api-burst=500", // at the default 20/s, its forty controllers' tokens alone take seconds
			"--service-account-private-key-file=" + ca.Path("service-account.key"), "--root-ca-file=" + ca.Path("ca.crt"),
			"--cluster-signing-cert-file=" + ca.Path("ca.crt"), "--cluster-signing-key-file=" + ca.Path("ca.key")}},
		{"kube-scheduler", []string{"--kubeconfig=" + ca.Path("scheduler.kubeconfig"), "--leader-elect=false"}},
	}, nil
}

func (p Plane) apiServer(ca *Authority) ([]string, error) {
	args := []string{
		"--etcd-servers=http://127.0.0.1:2379", fmt.Sprintf("--secure-port=%d", p.port()), "--advertise-address=" + p.Address.String(),
		"--service-cluster-ip-range=" + p.ServiceRange.String(),
		"--tls-cert-file=" + ca.Path("apiserver.crt"), "--tls-private-key-file=" + ca.Path("apiserver.key"), "--client-ca-file=" + ca.Path("ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + ca.Path("service-account.key"), "--service-account-signing-key-file=" + ca.Path("service-account.key"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged",
		// No service proxy needs to run where the API server runs: it reaches
		// webhooks and aggregated APIs at their pods' addresses.
		"--enable-aggregator-routing",
		"--kubelet-client-certificate=" + ca.Path("apiserver-kubelet-client.crt"), "--kubelet-client-key=" + ca.Path("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + ca.Path("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
	}
	if p.TokenWebhook == "" {
		return args, nil
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: p.TokenWebhook}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "c"}
	config.CurrentContext = "x"
	file := ca.Path("token-webhook.kubeconfig")
	return append(args, "--authentication-token-webhook-config-file="+file, "--authentication-token-webhook-version=v1",
		// A permission that was revoked must not stay in effect for long.
		"--authentication-token-webhook-cache-ttl=2s"), clientcmd.WriteToFile(*config, file)
}

// DNS is the region's DNS server; it listens on the control plane's address.
func (p Plane) DNS(ca *Authority) (Process, error) {
	corefile := filepath.Join(p.Dir, "Corefile")
	text := fmt.Sprintf(`.:53 {
    errors
    ready 127.0.0.1:8181
    cache 2
    kubernetes cluster.local in-addr.arpa {
        kubeconfig %s
        ttl 2
    }
}
`, ca.Path("coredns.kubeconfig"))
	if err := os.WriteFile(corefile, []byte(text), 0o600); err != nil {
		return Process{}, err
	}
	return Process{"coredns", []string{"-conf", corefile}}, nil
}
