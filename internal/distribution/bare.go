package distribution

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/version"
)

// BareNode is one Cassandra without Kubernetes, agent or network of its own, on
// a loopback address: for making the class-data archive, and as the measure of
// what a boot costs at least.
type BareNode struct {
	Address    string
	Datacenter string // dc1 when empty
	Rack       string // rack1 when empty
	Seeds      []string
	Tokens     []string
	Dir        string // of its configuration, data and logs
	Flags      []string
	Base       string // base configuration; none when empty
}

// Bare makes the command of a bare node's first boot. It sees the jars at the
// paths that containers see, because the JVM refuses a class-data archive whose
// class path differs; that takes a mount namespace of its own.
func (d Distribution) Bare(ctx context.Context, n BareNode) (*exec.Cmd, error) {
	off := false
	node := cassandra.Node{
		Address: n.Address, NativeAddress: n.Address, Datacenter: or(n.Datacenter, "dc1"), Rack: or(n.Rack, "rack1"), Seeds: n.Seeds, Tokens: n.Tokens,
		AutoBootstrap: &off, DataDir: n.Dir + "/data", ConfigDir: n.Dir + "/conf", LogDir: n.Dir + "/logs",
	}
	input := cassandra.Input{ClusterName: "bare", Profile: cassandra.ProfileSmall, Base: n.Base, Version: version.Cassandra, CassandraYAML: map[string]any{"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer"}}
	files, err := cassandra.Render(input, node)
	if err != nil {
		return nil, err
	}
	if err := files.Write(node.ConfigDir); err != nil {
		return nil, err
	}
	classPath, err := d.ClassPath(ImageLib, AgentDir)
	if err != nil {
		return nil, err
	}
	//nolint:dupword // mount's own words
	mounts := fmt.Sprintf(`set -e
mount -t tmpfs tmpfs /opt
mkdir -p %[1]s %[2]s
mount --bind %[3]q %[1]s
touch %[2]s/ringspan-jvm.jar %[2]s/jolokia.jar
mount --bind %[4]q %[2]s/ringspan-jvm.jar
mount --bind %[5]q %[2]s/jolokia.jar
`, ImageLib, AgentDir, d.Lib, d.Launcher, d.Jolokia)
	start := cassandra.StartOptions{FirstBoot: true}
	if d.Archive != "" {
		start.Archive = archiveIn
		mounts += fmt.Sprintf("touch %[1]s\nmount --bind %[2]q %[1]s\n", archiveIn, d.Archive)
	}
	flags := append(cassandra.JVMFlags(input, node, start), "-Dcassandra.jmx.local.port=0", "-Dringspan.jolokia.port=0")
	flags = append(append(flags, n.Flags...), "-cp", classPath, cassandra.MainClass)
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", mounts + `exec "$@"`, "sh", d.Java.tool("java")}, flags...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	return cmd, nil
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
