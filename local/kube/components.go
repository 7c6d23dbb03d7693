package kube

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/cache" // the plugins that corednsDirectives names
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register" // as in the components' own main packages
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// Components are the programs that this binary can be.
var Components = []string{"etcd", "coredns", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl"}

// corednsDirectives replaces CoreDNS's default directive order: it must name
// exactly the plugins that are compiled in.
var corednsDirectives = []string{"errors", "ready", "cache", "kubernetes"}

// Select says which component a command line asks for, and with which
// arguments: the name under which the binary was called, else its first argument.
func Select(args []string) (name string, rest []string, ok bool) {
	if base := filepath.Base(args[0]); slices.Contains(Components, base) {
		return base, args[1:], true
	}
	if len(args) > 1 && slices.Contains(Components, args[1]) {
		return args[1], args[2:], true
	}
	return "", nil, false
}

// Run turns this process into one of the components and does not return
// before it ends. Each of them owns process-global state (flags, metrics
// registries, feature gates), which is why every component is a process.
func Run(name string, args []string) int {
	os.Args = append([]string{name}, args...)
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
		return 0
	case "coredns":
		dnsserver.Directives = corednsDirectives
		coremain.Run()
		return 0
	case "kubelet":
		return runKubelet(args)
	}
	return cli.Run(command(name))
}

func command(name string) *cobra.Command {
	switch name {
	case "kube-apiserver":
		return apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		return kcm.NewControllerManagerCommand()
	case "kube-scheduler":
		return scheduler.NewSchedulerCommand()
	default:
		return kubectl.NewDefaultKubectlCommand()
	}
}
