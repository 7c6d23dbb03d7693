package distribution

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
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
	part, remove, err := scratch(archive)
	if err != nil {
		return err
	}
	defer remove()
	if err := trainingRun(ctx, d, part); err != nil {
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

func trainingRun(ctx context.Context, d *Distribution, dir string) error {
	address := trainingAddress()
	node := BareNode{Address: address, Seeds: []string{address}, Dir: dir, Flags: []string{"-XX:ArchiveClassesAtExit=" + dir + "/out.jsa"}}
	cmd, err := d.Bare(ctx, node)
	if err != nil {
		return err
	}
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
	case <-ended: //nolint:errcheck // the archive is what counts
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
			if c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address); err == nil {
				return c.Close()
			}
		}
	}
}
