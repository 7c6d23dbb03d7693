// Package kubeletconfig is the contract between the lab's supervisor, which
// writes it, and `ringspan-kube kubelet`, which reads it. It links nothing, so
// that the supervisor does not link Kubernetes.
package kubeletconfig

// Config is what one node's kubelet needs to know.
type Config struct {
	Name, IP, ClusterDNS      string
	Labels                    map[string]string
	Taints                    []string // key=value:Effect, set when the node registers
	ProviderID                string   // the machine's, in its cloud's words; may be empty
	Kubeconfig                string
	CAFile, CertFile, KeyFile string
	Dir                       string // kubelet state, on disk
	RuntimeEndpoint           string // of the node's container runtime, unix:///...
	CPUs                      int    // capacity that the node reports
	MemoryBytes               uint64
}
