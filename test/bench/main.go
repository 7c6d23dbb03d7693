// bench measures the main job on this machine: from nothing to a ready ring,
// the ring's boot against six bare JVMs in the same run, and memory at rest; and
// the provider of AWS against the embedded AWS.
//
//	make bench            three runs
//	go run ./test/bench -runs 5 -only aws
//	make bench-life       nodes that come, go, are replaced, restarted and worked on, with 1 GiB each
//
// Times are wall-clock seconds; memory is PSS in MiB, shared pages counted once.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/topology"
)

// figures collects the values of each row over the runs, in the order of their
// first appearance.
type figures struct {
	names  []string
	values map[string][]float64
}

func (f *figures) add(name string, value float64) {
	if f.values == nil {
		f.values = map[string][]float64{}
	}
	if _, there := f.values[name]; !there {
		f.names = append(f.names, name)
	}
	f.values[name] = append(f.values[name], value)
}

func (f *figures) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "figure\tmin\tmedian\tmax\t")
	for _, name := range f.names {
		v := slices.Sorted(slices.Values(f.values[name]))
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t\n", name, v[0], v[len(v)/2], v[len(v)-1])
	}
	_ = w.Flush() // to a terminal or a pipe: nobody to tell
}

func main() {
	runs := flag.Int("runs", 3, "how many runs")
	only := flag.String("only", "", "ring, aws or life: measure only that; life is measured only when it is asked for")
	flag.Parse()
	if err := bench(*runs, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(runs int, only string) error {
	home, err := os.MkdirTemp("", "ringspan-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	var f figures
	for i := range runs {
		fmt.Fprintf(os.Stderr, "run %d of %d\n", i+1, runs)
		if only == "life" {
			if err := lifeRun(home, &f); err != nil {
				return fmt.Errorf("life: %w", err)
			}
			continue
		}
		if only != "ring" {
			if err := awsRun(home, &f); err != nil {
				return fmt.Errorf("aws: %w", err)
			}
		}
		if only == "aws" {
			continue
		}
		bare, err := bareRuns(home, &f)
		if err != nil {
			return fmt.Errorf("bare JVMs: %w", err)
		}
		if err := ringRun(home, bare, &f); err != nil {
			return err
		}
	}
	f.print()
	return nil
}

// ringRun brings a ring up, measures it at rest, and takes it down.
func ringRun(home string, bare float64, f *figures) (err error) {
	data, err := os.ReadFile("examples/article.yaml")
	if err != nil {
		return err
	}
	file := filepath.Join(home, "fleet.yaml")
	if err := os.WriteFile(file, bytes.Replace(data, []byte("name: article"), []byte("name: bench"), 1), 0o600); err != nil {
		return err
	}
	defer func() {
		if out, ended := ringspan(home, "down").CombinedOutput(); ended != nil {
			err = errors.Join(err, fmt.Errorf("ringspan down: %w\n%s", ended, out))
		}
	}()
	up := ringspan(home, "up", file, "-o", "json")
	var out bytes.Buffer
	up.Stdout = &out
	begin := time.Now()
	if err := up.Start(); err != nil {
		return err
	}
	boot, err := watchBoot(home)
	if err != nil {
		_ = up.Process.Kill()
		return err
	}
	if err := up.Wait(); err != nil {
		return fmt.Errorf("ringspan up: %w", err)
	}
	f.add("ringspan up, to the ring ready: s", time.Since(begin).Seconds())
	var result struct {
		Phases []struct {
			Name    string
			Seconds float64
		}
	}
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return err
	}
	for _, p := range result.Phases {
		f.add("  "+p.Name+": s", p.Seconds)
	}
	f.add("all pods scheduled, to six UN: s", boot)
	f.add("  the same as a multiple of the bare JVMs", boot/bare)
	return memory(home, f)
}

func ringspan(home string, args ...string) *exec.Cmd {
	cmd := exec.Command("bin/ringspan", args...)
	cmd.Env = append(os.Environ(), "RINGSPAN_HOME="+home)
	return cmd
}

// watchBoot measures from the moment at which all six pods have a machine to
// six nodes Up/Normal, as `ringspan status` tells.
func watchBoot(home string) (float64, error) {
	var scheduled time.Time
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if scheduled.IsZero() {
			if podsPlaced(home) == 6 {
				scheduled = time.Now()
			}
			continue
		}
		out, err := ringspan(home, "status", "-o", "json").Output()
		if err == nil && strings.Count(string(out), `"state": "UN"`) == 6 {
			return time.Since(scheduled).Seconds(), nil
		}
	}
	return 0, errors.New("the ring did not come up in five minutes")
}

func podsPlaced(home string) (n int) {
	for _, region := range []string{"eu-west-1", "eu-central-1"} {
		cmd := exec.Command("bin/kubectl", "--kubeconfig", filepath.Join(home, "bench", "kubeconfig"), "--context", region, "get", "pods",
			"-l", "cassandra.datastax.com/cluster", "-o", "jsonpath={range .items[*]}{.spec.nodeName}{'\\n'}{end}")
		cmd.Env = append(os.Environ(), "KUBECACHEDIR="+filepath.Join(home, "kubectl"))
		out, err := cmd.Output()
		if err != nil {
			return 0
		}
		n += strings.Count(string(out), "compute.internal")
	}
	return n
}

// bareBoot starts six JVMs with the flags, tokens and jars of the ring's, on
// loopback addresses, and waits until all serve clients.
func bareBoot(dir, base string) (seconds, mebibytes float64, err error) {
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cache, err := distribution.Cache()
	if err != nil {
		return 0, 0, err
	}
	d, err := distribution.Ensure(ctx, cache, func(string) {})
	if err != nil {
		return 0, 0, err
	}
	racks := []string{"rack1", "rack2", "rack3"}
	ring := topology.Ring{Datacenters: []topology.Datacenter{{Name: "dc1", Size: 3, Racks: racks, NumTokens: 16}, {Name: "dc2", Size: 3, Racks: racks, NumTokens: 16}}}
	seeds := []string{"127.94.0.1", "127.94.0.2", "127.94.0.3"}
	var logs []string
	var processes []int
	begin := time.Now()
	for i, dc := range ring.Datacenters {
		tokens := ring.Tokens(dc.Name)
		for j, rack := range racks {
			n := distribution.BareNode{Address: fmt.Sprintf("127.94.0.%d", 3*i+j+1), Datacenter: dc.Name, Rack: rack, Seeds: seeds,
				Tokens: tokens[topology.Position{Rack: rack}], Dir: filepath.Join(dir, strconv.Itoa(3*i+j)), Base: base}
			cmd, err := d.Bare(ctx, n)
			if err != nil {
				return 0, 0, err
			}
			log, err := os.Create(n.Dir + "/out.log")
			if err != nil {
				return 0, 0, err
			}
			defer log.Close()
			cmd.Stdout, cmd.Stderr = log, log
			if err := cmd.Start(); err != nil {
				return 0, 0, err
			}
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			logs, processes = append(logs, log.Name()), append(processes, cmd.Process.Pid)
		}
	}
	for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		if serving(logs) {
			seconds = time.Since(begin).Seconds()
			return seconds, pssOf(processes), nil
		}
	}
	return 0, 0, ctx.Err()
}

func serving(logs []string) bool {
	for _, path := range logs {
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(data, []byte("Starting listening for CQL clients")) {
			return false
		}
	}
	return true
}
