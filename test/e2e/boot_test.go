package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The embedded cloud and the command are killed in the middle of the boot, as a
// machine's failure would, and one process of each kind in the middle of the next
// one. The ring comes up all the same.
func TestABootThatIsKilled(t *testing.T) {
	if cloudRuns || os.Getenv("RINGSPAN_STORY_HOME") != "" {
		ringIsGone()
		ringspan(t, "down")
	}
	if err := bootAndKill(); err != nil {
		t.Fatal(err)
	}
	ringRuns, cloudRuns = true, true
	awaitWhole(t)
}

func bootAndKill() error {
	first := command("up", fileName)
	var log bytes.Buffer
	first.Stdout, first.Stderr = &log, &log
	if err := first.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	err := poll(3*time.Minute, func() error {
		out, err := command("status", "-o", "json").Output()
		if err != nil {
			return err
		}
		if !bytes.Contains(out, []byte(`"dc1"`)) || len(jvms()) == 0 {
			return errors.New("no node is starting yet")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, log.Bytes())
	}
	_ = first.Process.Kill()
	<-ended
	pid, err := labProcess()
	if err != nil {
		return err
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	if err := poll(30*time.Second, nothingRuns); err != nil {
		return err
	}
	log.Reset()
	second := command("up", fileName, "--timeout", "6m")
	second.Stdout, second.Stderr = &log, &log
	if err := second.Start(); err != nil {
		return err
	}
	killed := killInTheBoot()
	err = second.Wait()
	fmt.Printf("%s\n", log.Bytes())
	if err := errors.Join(err, killed); err != nil {
		return fmt.Errorf("%w\n%s", err, operatorLogs())
	}
	return nil
}

// killInTheBoot waits until nodes start and then ends an agent, a JVM, an
// operator and a kubelet without warning, of different nodes.
func killInTheBoot() error {
	var nodes, operators, kubelets []process
	err := poll(4*time.Minute, func() error {
		nodes = ofLab(func(p process) bool { return p.name == "java" })
		operators = ofLab(func(p process) bool { return strings.Contains(p.line, "ringspan-operator run") })
		kubelets = ofLab(func(p process) bool { return strings.Contains(p.line, "ringspan-kube kubelet ") })
		if len(nodes) < 4 || len(operators) == 0 || len(kubelets) == 0 {
			return fmt.Errorf("%d JVMs, %d operators and %d kubelets run", len(nodes), len(operators), len(kubelets))
		}
		return nil
	})
	if err != nil {
		return err
	}
	agent := machine()[nodes[0].parent]
	if !strings.Contains(agent.line, "ringspan-agent") {
		return fmt.Errorf("the parent of a JVM is %q", agent.line)
	}
	var errs []error
	for _, p := range []process{agent, nodes[3], operators[0], kubelets[0]} {
		errs = append(errs, syscall.Kill(p.pid, syscall.SIGKILL))
		fmt.Printf("killed in the boot: %.90s\n", p.line)
	}
	return errors.Join(errs...)
}
