package cloud

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// ErrNoCluster says that the lab has made no cluster yet.
var ErrNoCluster = errors.New("there is no cluster yet")

// WriteKubeconfig makes one file with a context for every cluster, as its
// administrator, and returns the file's path. A context has the region's name,
// or REGION.CLUSTER where a region has several.
func (s State) WriteKubeconfig() (string, error) {
	files, _ := filepath.Glob(s.path("clusters", "*", "pki", "admin.kubeconfig")) // the pattern is sound
	if len(files) == 0 {
		return "", ErrNoCluster
	}
	var clusters []*cluster
	for _, f := range files {
		name := filepath.Base(filepath.Dir(filepath.Dir(f)))
		region, _, _ := strings.Cut(name, ".")
		clusters = append(clusters, &cluster{region: region, name: name})
	}
	all := clientcmdapi.NewConfig()
	for i, f := range files {
		one, err := clientcmd.LoadFromFile(f)
		if err != nil {
			return "", err
		}
		name := nameOf(clusters[i], clusters)
		all.Clusters[name], all.AuthInfos[name] = one.Clusters["c"], one.AuthInfos["u"]
		all.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	}
	all.CurrentContext = nameOf(clusters[0], clusters)
	data, err := clientcmd.Write(*all)
	if err != nil {
		return "", err
	}
	path := s.path("admin.kubeconfig")
	if err := os.WriteFile(path+".part", data, 0o600); err != nil {
		return "", err
	}
	return path, os.Rename(path+".part", path)
}
