package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/local"
)

// What the embedded cloud takes, in MiB: measured with the article's ring.
const (
	memoryPerNode   = 480 // a Cassandra with its share of kubelets and agents
	memoryPerRegion = 550 // a control plane with its operator
)

// programs are expected beside this one.
var programs = []string{"ringspan-local", "ringspan-init", "ringspan-kube", "ringspan-agent", "ringspan-operator"}

// checkMachine finds what would make the embedded cloud fail late and badly.
func checkMachine(ctx context.Context, c *local.Cloud, f *fleet.File) error {
	var errs []error
	if runtime.GOOS != "linux" {
		return errors.New("provider local needs Linux")
	}
	for _, p := range programs {
		if !exists(filepath.Join(c.Bin, p)) {
			errs = append(errs, fmt.Errorf("%s is not beside this program in %s: build all with `make build`", p, c.Bin))
		}
	}
	meminfo, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		errs = append(errs, err)
	}
	cache, err := distribution.Cache()
	if err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, checkPlace(c.State, "RINGSPAN_HOME"), checkPlace(cache, "RINGSPAN_CACHE"), checkPlace(c.Bin, "the programs' place"), checkPorts(ctx, f))
	return errors.Join(append(errs, checkMemory(string(meminfo), f), checkNamespaces(ctx))...)
}

// checkPorts finds ports of this machine that a region wants and another program
// has.
func checkPorts(ctx context.Context, f *fleet.File) error {
	var errs []error
	for i, r := range f.Fleet.Spec.Regions {
		if r.APIServerPort == 0 {
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(r.APIServerPort))))
		if err != nil {
			errs = append(errs, fmt.Errorf("spec.regions[%d].apiServerPort: %d of region %s is not free on this machine (%w); choose another, or leave it out to get a free one", i, r.APIServerPort, r.Name, err))
			continue
		}
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// checkPlace refuses a directory that the embedded cloud could not see: it has
// file systems of its own over /run and /var/log.
func checkPlace(dir, setting string) error {
	existing := dir
	for !exists(existing) {
		existing = filepath.Dir(existing)
	}
	resolved, err := filepath.EvalSymlinks(existing)
	if err != nil {
		return err
	}
	for _, covered := range []string{"/run", "/var/log"} {
		if resolved == covered || strings.HasPrefix(resolved, covered+"/") {
			return fmt.Errorf("%s lies below %s, where the embedded cloud has file systems of its own; choose another place (%s)", dir, covered, setting)
		}
	}
	return nil
}

// checkMemory refuses when less than two thirds of what is needed are free.
func checkMemory(meminfo string, f *fleet.File) error {
	needed, nodes := memoryPerRegion*len(f.Fleet.Spec.Regions), 0
	for i := range f.Rings {
		for _, dc := range f.Rings[i].Spec.Cassandra.Datacenters {
			nodes += int(dc.Size)
		}
	}
	needed += nodes * memoryPerNode
	available := availableMiB(meminfo)
	if available == 0 || available >= needed*2/3 {
		return nil
	}
	return fmt.Errorf("too little memory: %d MiB are free, and %d regions with %d Cassandra nodes take about %d MiB; end something else, or ask for fewer nodes", available, len(f.Fleet.Spec.Regions), nodes, needed)
}

// availableMiB is 0 when the file doesn't say.
func availableMiB(meminfo string) int {
	for line := range strings.Lines(meminfo) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			if kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB"))); err == nil {
				return kib / 1024
			}
		}
	}
	return 0
}

// checkNamespaces tries what the embedded cloud is made of, with a program that
// does nothing.
func checkNamespaces(ctx context.Context) error {
	nothing, err := exec.LookPath("true")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, nothing)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("this machine doesn't let user %d make namespaces (%w): run as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)", os.Getuid(), err)
	}
	return nil
}
