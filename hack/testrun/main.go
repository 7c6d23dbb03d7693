// testrun runs the tests of both modules in groups, two at a time, passes go test's
// output on, and ends with where the time went and one line that counts all of them.
//
//	go run ./hack/testrun                 all tests
//	go run ./hack/testrun -unit           those that start no API server, cloud or ring
//	go run ./hack/testrun -changed main   those of packages that differ from a branch, and of what imports them
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// group is one call of go test.
type group struct {
	name   string
	dir    string
	args   []string
	yields bool // to what runs beside it, as with nice
}

type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
}

// counts is what has ended, in all groups.
type counts struct {
	mu                      sync.Mutex // of the rest, and of the output: a block is printed whole
	passed, failed, skipped int
	tests                   []event // the ends of tests that are no parts of others
	packages                []event // the ends of packages
}

// slowest prints what took longest.
func slowest(what string, all []event, n int) {
	slices.SortStableFunc(all, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	fmt.Printf("the slowest %s:\n", what)
	for _, e := range all[:min(n, len(all))] {
		fmt.Printf("%7.1fs  %s %s\n", e.Elapsed, strings.TrimPrefix(e.Package, module), e.Test)
	}
}

func main() {
	unit := flag.Bool("unit", false, "only tests that start no API server, cloud or ring")
	changed := flag.String("changed", "", "only tests of packages that differ from this branch, and of what imports them")
	flag.Parse()
	begin := time.Now()
	rows, err := selectGroups(*unit, *changed)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var c counts
	var all sync.WaitGroup
	for _, row := range rows {
		all.Go(func() {
			for _, g := range row {
				c.test(g)
			}
		})
	}
	all.Wait()
	slowest("packages", c.packages, 8)
	slowest("tests", c.tests, 12)
	fmt.Printf("all tests took %s\n", time.Since(begin).Round(time.Second))
	fmt.Printf("%d passed, %d failed, %d skipped\n", c.passed, c.failed, c.skipped)
	if c.failed > 0 {
		os.Exit(1)
	}
}

// test runs one group and says how long it took.
func (c *counts) test(g group) {
	c.print("== %s\n", g.name)
	start := time.Now()
	if err := c.run(g); err != nil {
		c.print("%v\n", err)
	}
	c.print("== %s took %s\n", g.name, time.Since(start).Round(time.Second))
}

func (c *counts) print(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Printf(format, args...)
}

// run counts the tests of one group. Its error says that go test failed; where no test did, because a package could not be built
// or was killed, that counts as one.
func (c *counts) run(g group) (err error) {
	failed := 0
	defer func() {
		if err != nil && failed == 0 {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.failed++
		}
	}()
	line := append([]string{"go", "test", "-json"}, g.args...)
	if g.yields {
		line = append([]string{"nice", "-n", "10"}, line...)
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = g.dir
	// Two groups at a time have stories: each brings up what it needs in a place of its own.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "RINGSPAN_STORY_HOME=") })
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	pending := map[string]*strings.Builder{} // output of tests whose end is not known yet
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			c.print("%s\n", lines.Text())
			continue
		}
		if e.Action == "fail" && e.Test != "" {
			failed++
		}
		c.handle(e, pending)
	}
	for _, test := range slices.Sorted(maps.Keys(pending)) {
		c.print("--- %s did not end\n%s", test, pending[test])
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("go test of %s: %w", g.name, err)
	}
	return lines.Err()
}

// handle shows packages' closing lines and what failed or was skipped.
func (c *counts) handle(e event, pending map[string]*strings.Builder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		if e.Test == "" {
			if !strings.Contains(e.Output, "no test files") && e.Output != "PASS\n" {
				fmt.Print(e.Output)
			}
			return
		}
		if pending[key] == nil {
			pending[key] = &strings.Builder{}
		}
		pending[key].WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			c.packages = append(c.packages, e)
			return
		}
		if !strings.Contains(e.Test, "/") {
			c.tests = append(c.tests, e)
		}
		switch e.Action {
		case "pass":
			c.passed++
		case "fail":
			c.failed++
		case "skip":
			c.skipped++
		}
		if text := pending[key]; text != nil && e.Action != "pass" {
			fmt.Printf("--- %s %s\n%s", e.Package, e.Test, text)
		}
		delete(pending, key)
	}
}
