package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/ringspan/ringspan/"

// besides are the stories that don't use the ring of six nodes: small rings, and
// clouds of their own.
const besides = "^(TestSmallRings|TestARingInAWS|TestAFormerVersionsRingIsTakenOn|TestAsAnyUser)$"

// everything is two rows of groups that run beside one another: nodes that start,
// join and leave wait for one another most of the time, and leave half of two cores
// to the tests of packages. These yield to the nodes, whose waits have limits. All
// take what make has built (-trimpath), and leave vet to `make lint`: of the embedded
// cloud it would look at all of Kubernetes.
var everything = [][]group{
	{
		{"stories of one ring", ".", []string{"-p", "1", "-trimpath", "-vet=off", "-timeout", "60m", "-skip", besides, "./test/e2e"}, false},
	},
	{
		{"packages", ".", []string{"-p", "2", "-trimpath", "-timeout", "30m", "./api/...", "./cmd/...", "./config/...", "./hack/...", "./internal/...", "./java/...", "./test/aws/..."}, true},
		{"embedded cloud", "local", []string{"-p", "1", "-trimpath", "-vet=off", "-timeout", "30m", "./..."}, true},
		{"stories of other rings", ".", []string{"-p", "1", "-trimpath", "-vet=off", "-timeout", "60m", "-run", besides, "./test/e2e"}, false},
	},
}

// pkg is what `go list` tells of a package.
type pkg struct {
	ImportPath                string
	Dir                       string
	Deps                      []string // of the package, without its tests
	TestImports, XTestImports []string
}

// uses tells whether a package or its tests import another one of a list, all being
// what is known of the others.
func (p pkg) uses(wanted map[string]bool, all map[string]pkg) bool {
	if wanted[p.ImportPath] {
		return true
	}
	tests := slices.Concat(p.Deps, p.TestImports, p.XTestImports)
	for _, i := range tests {
		if wanted[i] || slices.ContainsFunc(all[i].Deps, func(d string) bool { return wanted[d] }) {
			return true
		}
	}
	return false
}

// selectGroups are all groups, or one for each module with the packages asked for;
// those of a row run one after another, and rows beside one another.
func selectGroups(unit bool, changedSince string) ([][]group, error) {
	if !unit && changedSince == "" {
		return everything, nil
	}
	var groups []group
	for _, dir := range []string{".", "local"} {
		all, err := list(dir)
		if err != nil {
			return nil, err
		}
		chosen := func(pkg) bool { return true }
		if changedSince != "" {
			changed, err := changedPackages(changedSince, all)
			if err != nil {
				return nil, err
			}
			chosen = func(p pkg) bool { return p.uses(changed, all) }
		}
		args := []string{"-p", "2", "-trimpath", "-vet=off", "-timeout", "15m"}
		if unit {
			args = append(args, "-short") // leaves a real Cassandra out
		}
		n := len(args)
		for _, p := range all {
			if chosen(p) && (!unit || startsNothing(p, all)) && !isStory(p) {
				args = append(args, p.ImportPath)
			}
		}
		slices.Sort(args[n:])
		if len(args) > n {
			groups = append(groups, group{"tests of " + strings.Replace(dir, ".", "the product", 1), dir, args, false})
		}
	}
	if len(groups) == 0 {
		return nil, fmt.Errorf("nothing to test: no package differs from %s", changedSince)
	}
	return [][]group{groups}, nil
}

// isStory tells of tests that need a ring; make story runs one of them.
func isStory(p pkg) bool {
	return strings.HasPrefix(p.ImportPath, module+"test/e2e") || strings.HasPrefix(p.ImportPath, module+"test/witness")
}

// startsNothing tells of packages whose tests start neither an API server nor an
// embedded cloud, and which don't have to be linked with all of Kubernetes.
func startsNothing(p pkg, all map[string]pkg) bool {
	heavy := map[string]bool{module + "internal/kubetest": true, "k8s.io/kubernetes/cmd/kubelet/app": true}
	return !p.uses(heavy, all) && !strings.HasPrefix(p.ImportPath, module+"test/") && !strings.HasSuffix(p.ImportPath, "/local/test")
}

func list(dir string) (map[string]pkg, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Deps,TestImports,XTestImports", "./...")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %s: %w", dir, err)
	}
	all := map[string]pkg{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("listing the packages of %s: %w", dir, err)
		}
		all[p.ImportPath] = p
	}
}

// changedPackages are those with a file that differs from a branch's common
// ancestor, is not committed or not known to git. A file of a folder without Go
// code, such as testdata, counts for the nearest package above it.
func changedPackages(branch string, all map[string]pkg) (map[string]bool, error) {
	base, err := git("merge-base", branch, "HEAD")
	if err != nil {
		return nil, err
	}
	differing, err := git("diff", "--name-only", strings.TrimSpace(base))
	if err != nil {
		return nil, err
	}
	unknown, err := git("ls-files", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	byDir := map[string]string{}
	for _, p := range all {
		byDir[p.Dir] = p.ImportPath
	}
	changed := map[string]bool{}
	for file := range strings.FieldsSeq(differing + unknown) {
		for dir := filepath.Dir(filepath.Join(root, file)); len(dir) >= len(root); dir = filepath.Dir(dir) {
			if path, is := byDir[dir]; is {
				changed[path] = true
				break
			}
		}
	}
	return changed, nil
}

func git(args ...string) (string, error) {
	out, err := exec.Command("git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return string(out), nil
}
