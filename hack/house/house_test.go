package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the project's directory, as seen from this package.
const root = "../.."

// impure are packages that read, write or wait. A pure package may name their types
// only where none of their values can do any of it, such as client.Object.
var impure = []string{
	"net", "net/http", "os", "os/exec", "syscall", "math/rand", "math/rand/v2",
	"k8s.io/client-go", "sigs.k8s.io/controller-runtime",
}

// harmless are parts of those that pure packages need.
var harmless = []string{"sigs.k8s.io/controller-runtime/pkg/client", "sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"}

// impureNames are what a pure package doesn't use of packages that it may import.
var impureNames = []string{"time.Now", "time.Sleep", "time.After", "time.NewTimer", "time.NewTicker", "time.Since", "time.Until",
	"client.Client", "client.Reader", "client.Writer", "client.New"}

// claims finds the sentence in which a package says that it is pure. "but for" names
// the one function that reads or writes files.
var claims = regexp.MustCompile(`is\s+pure(\s+but\s+for)?`)

// TestPurePackagesArePure: what a package says of itself holds for its own code. Of
// packages that aren't pure it may use types and arithmetic; what reads, writes or
// waits there is reached through clients, which it has none of.
func TestPurePackagesArePure(t *testing.T) {
	count := 0
	for dir, doc := range docs(t) {
		claim := claims.FindStringSubmatch(doc)
		if claim == nil {
			continue
		}
		count++
		for _, bad := range findings(t, dir, claim[1] != "") {
			t.Errorf("%s says that it is pure: %s", dir, bad)
		}
	}
	if count < 15 {
		t.Errorf("only %d packages say that they are pure; was the sentence changed?", count)
	}
}

// docs are the comments of all packages below internal, by directory.
func docs(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "doc.go" {
			return err
		}
		text, err := os.ReadFile(name)
		dir, _ := filepath.Rel(root, filepath.Dir(name))
		all[filepath.ToSlash(dir)] = strings.ReplaceAll(string(text), "\n//", "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// findings are what is impure in a directory's code.
func findings(t *testing.T, dir string, files bool) (bad []string) {
	t.Helper()
	for _, file := range parse(t, dir) {
		bad = append(bad, impureUses(file)...)
		for _, i := range file.Imports {
			if name, _ := strconv.Unquote(i.Path.Value); isImpure(name) && !(files && name == "os") {
				bad = append(bad, "it imports "+name)
			}
		}
	}
	return bad
}

func parse(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func isImpure(name string) bool {
	return !slices.Contains(harmless, name) && slices.ContainsFunc(impure, func(i string) bool {
		return name == i || strings.Contains(i, ".") && strings.HasPrefix(name, i+"/")
	})
}

func impureUses(file *ast.File) (bad []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		if s, is := n.(*ast.SelectorExpr); is {
			if x, is := s.X.(*ast.Ident); is && slices.Contains(impureNames, x.Name+"."+s.Sel.Name) {
				bad = append(bad, "it uses "+x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return bad
}

// quoted are the words in backticks of a page.
var quoted = regexp.MustCompile("`([^`\n]+)`")

// TestPagesNameWhatExists: a page that leads a newcomer to a file or folder of the
// tree leads to one that is there.
func TestPagesNameWhatExists(t *testing.T) {
	for _, page := range []string{"docs/architecture.md", "docs/developer.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Error(err)
			continue
		}
		named := 0
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			name := strings.TrimSuffix(m[1], "/")
			if !isPath(name) {
				continue
			}
			named++
			if found, err := filepath.Glob(filepath.Join(root, pattern(name))); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which does not exist", page, name)
			}
		}
		if named < 5 {
			t.Errorf("%s names only %d paths", page, named)
		}
	}
}

// isPath tells a path of the tree from other words in backticks.
func isPath(name string) bool {
	top, _, below := strings.Cut(name, "/")
	known := []string{"api", "cmd", "config", "docs", "examples", "hack", "internal", "java", "local", "test", "tools"}
	return below && slices.Contains(known, top) && !strings.ContainsAny(name, " {$:")
}

// pattern takes a name in angle brackets, as of a recipe's new file, for any.
func pattern(name string) string {
	return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(name, "*")
}

// TestEveryPackageHasItsPlace: the table of docs/architecture.md leads to each package
// of the product, by its name or that of the folder that it is the loop or a part of.
func TestEveryPackageHasItsPlace(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for dir := range docs(t) {
		if strings.Contains(page, "`"+dir+"`") || strings.Contains(page, "`"+path.Base(dir)+"`") && strings.Contains(page, "`"+path.Dir(dir)+"`") {
			continue
		}
		t.Errorf("docs/architecture.md doesn't say what %s is for", dir)
	}
}

// commands is the folder of the command line.
const commands = "internal/cli"

// shared are the folders of commands that verbs may import. Every other one is a verb's.
var shared = []string{"invocation", "progress", "takedown", "terminal"}

// TestVerbsStandApart: a verb's folder imports its own parts and what verbs share, never
// another verb's folder nor the root; what verbs share knows no verb.
func TestVerbsStandApart(t *testing.T) {
	verbs := 0
	for dir := range docs(t) {
		below, is := strings.CutPrefix(dir, commands+"/")
		if !is {
			continue
		}
		own, _, _ := strings.Cut(below, "/")
		if !slices.Contains(shared, own) {
			verbs++
		}
		for _, file := range parse(t, dir) {
			for _, i := range file.Imports {
				name, _ := strconv.Unquote(i.Path.Value)
				_, other, is := strings.Cut(name+"/", "/"+commands+"/")
				other, _, _ = strings.Cut(other, "/")
				if is && other != own && !slices.Contains(shared, other) {
					t.Errorf("%s imports %s; what two verbs share belongs into one of %s, or below %s", dir, name, strings.Join(shared, ", "), commands)
				}
			}
		}
	}
	if verbs < 8 {
		t.Errorf("only %d folders of verbs were found", verbs)
	}
}
