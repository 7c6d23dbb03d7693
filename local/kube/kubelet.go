package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	cadvisorapiv2 "github.com/google/cadvisor/info/v2"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	remote "k8s.io/cri-client/pkg"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet"
	cadvisortest "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/kubelet/server"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
	"k8s.io/kubernetes/pkg/util/oom"
	"k8s.io/kubernetes/pkg/util/taints"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/downwardapi"
	"k8s.io/kubernetes/pkg/volume/emptydir"
	"k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/local"
	"k8s.io/kubernetes/pkg/volume/projected"
	"k8s.io/kubernetes/pkg/volume/secret"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
	"k8s.io/kubernetes/pkg/volume/util/subpath"
	"k8s.io/mount-utils"

	"github.com/ringspan/ringspan/local/kube/kubeletconfig"
	"github.com/ringspan/ringspan/local/kube/oneuser"
)

func runKubelet(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: kubelet CONFIG.json")
		return 2
	}
	if err := startKubelet(args[0]); err != nil {
		fmt.Fprintln(os.Stderr, "kubelet:", err)
		return 1
	}
	select {}
}

// startKubelet starts one real kubelet against the node's container runtime.
func startKubelet(file string) error {
	var c kubeletconfig.Config
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	if oneuser.Is() {
		if err := oneuser.KeepOwners(); err != nil {
			fmt.Fprintln(os.Stderr, "kubelet: pods with a user or an fsGroup of their own may not start:", err)
		}
	}
	// Only means "do not insist on /dev/kmsg and on raising limits"; needed when
	// localkube was not started by root.
	if err := utilfeature.DefaultMutableFeatureGate.Set("KubeletInUserNamespace=true"); err != nil {
		return err
	}
	ctx := context.Background()
	runtimeService, err := remote.NewRemoteRuntimeService(ctx, c.RuntimeEndpoint, 2*time.Minute, nooptrace.NewTracerProvider(), false)
	if err != nil {
		return fmt.Errorf("container runtime: %w", err)
	}
	imageService, err := remote.NewRemoteImageService(ctx, c.RuntimeEndpoint, 2*time.Minute, nooptrace.NewTracerProvider(), false)
	if err != nil {
		return fmt.Errorf("image service: %w", err)
	}
	restConfig, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return err
	}
	restConfig.QPS, restConfig.Burst = 50, 100 // the kubelet's own defaults
	client, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return err
	}
	settings, err := kubeletSettings(c)
	if err != nil {
		return err
	}
	auth, runAuth, err := kubeletapp.BuildAuth("", client, settings.KubeletConfiguration)
	if err != nil {
		return err
	}
	runAuth(ctx.Done())
	mounter := mount.New("")
	return kubeletapp.RunKubelet(ctx, settings, &kubelet.Dependencies{
		Auth:            auth,
		KubeClient:      client,
		HeartbeatClient: client,
		EventClient:     client.CoreV1(),
		TLSOptions:      &server.TLSOptions{CertFile: c.CertFile, KeyFile: c.KeyFile, ClientCAFile: c.CAFile},
		// What there are no cgroups for: container manager, cAdvisor, OOM scores.
		ContainerManager:  cm.NewStubContainerManager(),
		CAdvisorInterface: &machine{cadvisortest.Fake{NodeName: c.Name}, c},
		OOMAdjuster:       oom.NewFakeOOMAdjuster(),
		// Everything else is real.
		OSInterface:               kubecontainer.RealOS{},
		Mounter:                   mounter,
		Subpather:                 subpath.New(mounter),
		HostUtil:                  hostutil.NewHostUtil(),
		VolumePlugins:             volumePlugins(),
		RemoteRuntimeService:      runtimeService,
		RemoteImageService:        imageService,
		PodStartupLatencyTracker:  kubeletutil.NewPodStartupLatencyTracker(),
		NodeStartupLatencyTracker: kubeletutil.NewNodeStartupLatencyTracker(),
		TracerProvider:            nooptrace.NewTracerProvider(),
	})
}

func kubeletSettings(c kubeletconfig.Config) (*options.KubeletServer, error) {
	s, err := options.NewKubeletServer()
	if err != nil {
		return nil, err
	}
	s.HostnameOverride, s.NodeIP, s.NodeLabels, s.ProviderID = c.Name, c.IP, c.Labels, c.ProviderID
	if s.RegisterWithTaints, _, err = taints.ParseTaints(c.Taints); err != nil {
		return nil, err
	}
	s.RootDirectory, s.CertDirectory, s.PodLogsDir = c.Dir+"/kubelet", c.Dir+"/pki", c.Dir+"/pod-logs"
	s.Address = c.IP
	s.ReadOnlyPort, s.HealthzPort = 0, 0
	s.ClusterDNS, s.ClusterDomain = []string{c.ClusterDNS}, "cluster.local"
	s.Authentication.X509.ClientCAFile = c.CAFile
	s.Authentication.Webhook.Enabled, s.Authentication.Anonymous.Enabled = true, false
	s.ContainerRuntimeEndpoint = c.RuntimeEndpoint
	// Process containers have no cgroups, hence no limits and no eviction.
	s.CgroupsPerQOS, s.EnforceNodeAllocatable, s.EvictionHard = false, nil, map[string]string{}
	s.FailSwapOn, s.LocalStorageCapacityIsolation = false, false
	// The containers inherit this limit from the kubelet, so keep it high; the
	// default exceeds what an ordinary process may ask for.
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return nil, err
	}
	s.MaxOpenFiles = int64(files.Max)
	s.SyncFrequency.Duration = 10 * time.Second
	s.ResolverConfig = "" // pods must not inherit the machine's resolver
	return s, nil
}

func volumePlugins() (all []volume.VolumePlugin) {
	for _, plugins := range [][]volume.VolumePlugin{
		emptydir.ProbeVolumePlugins(), secret.ProbeVolumePlugins(), configmap.ProbeVolumePlugins(),
		projected.ProbeVolumePlugins(), downwardapi.ProbeVolumePlugins(), local.ProbeVolumePlugins(),
		hostpath.ProbeVolumePlugins(volume.VolumeConfig{}),
	} {
		all = append(all, plugins...)
	}
	return all
}

// machine reports a capacity that lets the scheduler place test workloads.
type machine struct {
	cadvisortest.Fake
	config kubeletconfig.Config
}

func (m *machine) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	info, err := m.Fake.MachineInfo()
	info.NumCores, info.MemoryCapacity = m.config.CPUs, m.config.MemoryBytes
	return info, err
}

// VersionInfo reports this machine's kernel and distribution.
func (m *machine) VersionInfo() (*cadvisorapi.VersionInfo, error) {
	info := &cadvisorapi.VersionInfo{ContainerOsVersion: "Linux"}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		info.KernelVersion = strings.TrimSpace(string(release))
	}
	if data, err := os.ReadFile("/etc/os-release"); err == nil {
		for _, line := range strings.Split(string(data), "\n") {
			if name, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
				info.ContainerOsVersion = strings.Trim(name, `"`)
			}
		}
	}
	return info, nil
}

// GetDirFsInfo reports a capacity only so that image garbage collection, which
// divides by it, is content.
func (m *machine) GetDirFsInfo(string) (cadvisorapiv2.FsInfo, error) {
	return cadvisorapiv2.FsInfo{Capacity: 100 << 30, Available: 90 << 30}, nil
}
