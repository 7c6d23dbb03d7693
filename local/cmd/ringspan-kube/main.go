// ringspan-kube is Kubernetes in one file: etcd, the control plane, the
// kubelet, CoreDNS and kubectl, chosen by the first argument or by the name
// under which it is called.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/ringspan/ringspan/local/kube"
)

func main() {
	name, args, ok := kube.Select(os.Args)
	if !ok {
		fmt.Fprintf(os.Stderr, "usage: ringspan-kube %s [ARGS...]\n", strings.Join(kube.Components, "|"))
		os.Exit(2)
	}
	os.Exit(kube.Run(name, args))
}
