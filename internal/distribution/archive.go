package distribution

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ringspan/ringspan/internal/cassandra"
)

// Paths that a container sees; the archive is made with the same class path.
const (
	ImageLib  = "/opt/cassandra/lib"
	AgentDir  = "/opt/ringspan-agent"
	archiveIn = "/opt/cassandra/classes.jsa"
)

// ensureArchive runs Cassandra once, for itself alone, and keeps its loaded
// classes. The JVM refuses an archive whose class path differs, so the run sees
// the jars at the paths that containers see; that takes a mount namespace.
func ensureArchive(ctx context.Context, d *Distribution, dir string, report func(string)) error {
	classPath, err := d.ClassPath(ImageLib, AgentDir)
	if err != nil {
		return err
	}
	archive := filepath.Join(dir, "classes-"+shortHash(classPath+d.Java.Build+d.Launcher)+".jsa")
	if _, err := os.Stat(archive); err == nil {
		d.Archive = archive
		return nil
	}
	report("making the class-data archive (once)")
	part, err := scratch(archive)
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	if err := trainingRun(ctx, d, part, classPath); err != nil {
		return err
	}
	if err := publish(filepath.Join(part, "out.jsa"), archive); err != nil {
		return err
	}
	d.Archive = archive
	return nil
}

// trainingAddress is one of the loopback network's that nothing else uses.
func trainingAddress() string {
	pid := os.Getpid()
	return fmt.Sprintf("127.93.%d.%d", pid/250%250, pid%250+2)
}

func trainingRun(ctx context.Context, d *Distribution, dir, classPath string) error {
	address := trainingAddress()
	node := cassandra.Node{Address: address, Datacenter: "dc1", Rack: "rack1", Seeds: []string{address}, DataDir: dir + "/data", ConfigDir: dir + "/conf", LogDir: dir + "/logs"}
	input := cassandra.Input{ClusterName: "training", CassandraYAML: map[string]any{"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer"}, Profile: cassandra.ProfileSmall}
	files, err := cassandra.Render(input, node)
	if err != nil {
		return err
	}
	if err := files.Write(node.ConfigDir); err != nil {
		return err
	}
	args := append(cassandra.JVMFlags(input, node, cassandra.StartOptions{FirstBoot: true}), "-XX:ArchiveClassesAtExit="+dir+"/out.jsa", "-Dcassandra.jmx.local.port=0", "-Dringspan.jolokia.port=0", "-cp", classPath, cassandra.MainClass)
	script := fmt.Sprintf(`set -e
mount -t tmpfs tmpfs /opt
mkdir -p %[1]s %[2]s
mount --bind %[3]q %[1]s
touch %[2]s/ringspan-jvm.jar %[2]s/jolokia.jar
mount --bind %[4]q %[2]s/ringspan-jvm.jar
mount --bind %[5]q %[2]s/jolokia.jar
exec "$@"`, ImageLib, AgentDir, d.Lib, d.Launcher, d.Jolokia)
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", script, "sh", d.Java.tool("java")}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	log, err := os.Create(filepath.Join(dir, "training.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := awaitPort(ctx, ended, address+":"+cassandra.TrainingPort); err != nil {
		_ = cmd.Process.Kill()
		data, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w: %s", err, lastLines(string(data), 4))
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // the archive is written at an orderly exit
	select {
	case <-ended:
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		return errors.New("the training run did not end")
	}
	_, err = os.Stat(dir + "/out.jsa")
	return err
}

// awaitPort waits until Cassandra's native port answers.
func awaitPort(ctx context.Context, ended <-chan error, address string) error {
	timeout := time.After(90 * time.Second)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("the training run ended early: %w", err)
		case <-timeout:
			return errors.New("the training run did not come up in 90 s")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
				return c.Close()
			}
		}
	}
}
