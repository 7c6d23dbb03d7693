package operator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/propagation"
	propagations "github.com/ringspan/ringspan/internal/propagation/controller"
	replication "github.com/ringspan/ringspan/internal/replication/controller"
	ring "github.com/ringspan/ringspan/internal/ring/controller"
	"github.com/ringspan/ringspan/internal/ringtask"
	tasks "github.com/ringspan/ringspan/internal/ringtask/controller"
)

// module is whose packages are read for what they ask of an API server.
const module = "github.com/ringspan/ringspan/"

// followed are the kinds that are read at peers: TestEveryFollowedKindIsAllowed asks there too.
var followed = []string{"K8ssandraCluster", "CassandraDatacenter", "ReplicatedSecret", "K8ssandraTask", "Propagation"}

// carriedOut are the calls whose object's kind only the one who calls knows, with all kinds that it can be. Kinds of
// objects that package datacenter builds are looked for there: see TestEveryKindThatIsBuiltHasACase.
var carriedOut = map[string][]string{
	"internal/deletion.Cause Get":                         {"CustomResourceDefinition"}, // its metadata
	"internal/datacenter/controller.write Patch":          {"Service", "EndpointSlice", "PodDisruptionBudget", "StatefulSet"},
	"internal/datacenter/controller.deleteObject Delete":  {"Service", "EndpointSlice", "PodDisruptionBudget", "StatefulSet", "Pod", "Secret"},
	"internal/datacenter/controller.copyConfig Create":    {"Secret"},
	"internal/datacenter/controller.makeTask Create":      {"CassandraTask"},
	"internal/federation/peers.listKind List":             followed,
	"internal/federation/peers.listsOne List":             followed,
	"internal/federation/peers.whoIs Get":                 {"Namespace"}, // its metadata
	"internal/federation/peers.watchStream Watch":         followed,
	"internal/federation/controller.Pass Get":             {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/federation/peers.Live Get":                  {"K8ssandraCluster", "K8ssandraTask", "Propagation"}, // of a peer
	"internal/federation/controller.isLive Get":           {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/federation/controller.observe Get":          {"K8ssandraCluster", "K8ssandraTask", "Propagation"}, // as it is stored
	"internal/federation/controller.patch Patch":          {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/federation/controller.follow Delete":        {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/federation/controller.create Create":        {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/federation/controller.lostIfPatched Patch":  {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/federation/controller.lostIfCreated Create": {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/federation/controller.yield Status.Update":  {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/federation/controller.tell Status.Update":   {"K8ssandraCluster", "K8ssandraTask", "Propagation"},
	"internal/ring/controller.read Get":                   {"CassandraDatacenter", "CassandraTask", "EndpointSlice", "Namespace", "Secret"},
	"internal/ring/controller.take Create":                {"CassandraTask", "EndpointSlice", "Secret"},
	"internal/ring/controller.take Update":                {"EndpointSlice", "Secret"},
	"internal/ring/controller.take Delete":                {"CassandraTask"},
	"internal/ring/controller.take Patch":                 {"CassandraDatacenter"},
	"internal/ring/controller.takeSpec Create":            {"ControllerRevision"},
	"internal/ring/controller.takeSpec Update":            {"ControllerRevision"},
	"internal/ring/controller.takeSpec Delete":            {"ControllerRevision"},
	"internal/ring/controller.applyMetadata Get":          {"CassandraDatacenter"},
	"internal/ring/controller.applyMetadata Patch":        {"CassandraDatacenter"},
	// As a service account that the object names: it is that one's right, and none of the operator's.
	"internal/propagation/controller.read Get": {}, "internal/propagation/controller.write Apply": {},
	"internal/propagation/controller.release Patch": {}, "internal/propagation/controller.remove Delete": {},
	// Of a kind that this cluster doesn't know, in the operator's own namespace: the tests of the package act with the shipped rights.
	"internal/clusterprofile/controller.observe List": {}, "internal/clusterprofile/controller.carryOut Apply": {},
	"internal/clusterprofile/controller.carryOut Delete": {}, "internal/clusterprofile/controller.carryOut Status.Apply": {},
}

// named are the kinds that are allowed by name, with the names.
var named = map[string][]string{"CustomResourceDefinition": {deletion.RingDefinition, deletion.DatacenterDefinition, ringtask.Kind.Definition, propagation.Definition}}

// call is one thing that a package asks of an API server.
type call struct {
	where  string // package.function
	verb   string // the client's method, Status. before those of the status
	kind   string // "" when the code doesn't say
	apply  bool   // server-side apply, which creates what isn't there
	scoped bool   // to a namespace
	live   bool   // read from the API server and not from the cache
}

// needs are the permissions of a call.
func (c call) needs() (verbs []string, sub string) {
	method, status := strings.CutPrefix(c.verb, "Status.")
	if status {
		sub = "status"
	}
	switch method {
	case "Get", "List", "Watch":
		verbs = []string{strings.ToLower(method)}
	case "Patch", "Apply":
		verbs = []string{"patch"}
		if c.apply || method == "Apply" {
			verbs = append(verbs, "create")
		}
	default:
		verbs = []string{strings.ToLower(method)}
	}
	return verbs, sub
}

// Everything that the operator's code asks of an API server is allowed by the shipped permissions: each call is found in
// the sources, and the API server is asked about it. Calls whose kind the code doesn't say need a line in carriedOut.
func TestEveryCallIsAllowed(t *testing.T) {
	as, err := client.New(kubetest.Region(t, west).Operator(), client.Options{Scheme: kubetest.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	cases := maps.Clone(carriedOut)
	allowed, asked := map[string]bool{}, 0
	for _, c := range calls(t) {
		kinds := []string{c.kind}
		if c.kind == "" || c.kind == "PartialObjectMetadata" {
			key := c.where + " " + c.verb
			if kinds = carriedOut[key]; kinds == nil {
				t.Errorf("%s has an object of any kind: which ones? It has no line in carriedOut", key)
			}
			delete(cases, key)
		}
		for _, kind := range kinds {
			verbs, sub := c.needs()
			for _, verb := range c.cached(kind, verbs) {
				key := verb + " " + kind + "/" + sub
				if _, known := allowed[key]; !known {
					allowed[key], asked = may(t, as, verb, kind, sub), asked+1
				}
				if !allowed[key] {
					t.Errorf("%s: the operator may not %s %s %s", c.where, verb, kind, sub)
				}
			}
		}
	}
	for key := range cases {
		t.Errorf("%s is in carriedOut and not in the code", key)
	}
	if asked < 40 {
		t.Errorf("only %d permissions were asked for: calls are not found any more", asked)
	}
}

// cached adds what a read through the cache needs.
func (c call) cached(kind string, verbs []string) []string {
	direct := c.live || slices.ContainsFunc(uncached(), func(o client.Object) bool { return kindOf(o) == kind })
	if direct || !slices.Contains(verbs, "get") && !slices.Contains(verbs, "list") {
		return verbs
	}
	return []string{"get", "list", "watch"}
}

// Every kind that is followed may be listed and watched by another region's operator, which has a role of its own.
func TestEveryFollowedKindIsAllowed(t *testing.T) {
	as, err := client.New(kubetest.Region(t, west).Peer(), client.Options{Scheme: kubetest.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, f := range slices.Concat([]peers.Followed(nil), ring.Followed(), replication.Followed(), tasks.Followed(), propagations.Followed()) {
		name := reflect.TypeOf(f.New()).Elem().Name()
		kinds = append(kinds, name)
		for _, verb := range []string{"list", "watch"} {
			if !may(t, as, verb, name, "") {
				t.Errorf("a peer may not %s %s", verb, name)
			}
		}
	}
	if !slices.Equal(kinds, followed) {
		t.Errorf("followed are %q", kinds)
	}
}

func kindOf(o client.Object) string { return strings.TrimPrefix(fmt.Sprintf("%T", o), "*v1.") }

// Every kind of object that package datacenter builds for a plan is one that plans may apply, and has a case.
func TestEveryKindThatIsBuiltHasACase(t *testing.T) {
	root, err := kubetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := []string{"Secret", "CassandraTask", "PersistentVolumeClaim"} // created by steps of their own, or by the StatefulSet
	found := 0
	files, _ := filepath.Glob(filepath.Join(root, "internal", "datacenter", "*.go"))
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			pair, ok := n.(*ast.KeyValueExpr)
			if !ok || fmt.Sprint(pair.Key) != "Kind" {
				return true
			}
			literal, ok := pair.Value.(*ast.BasicLit)
			if !ok || strings.HasSuffix(file, "_test.go") {
				return true
			}
			kind := strings.Trim(literal.Value, `"`)
			found++
			if !slices.Contains(append(elsewhere, carriedOut["internal/datacenter/controller.write Patch"]...), kind) {
				t.Errorf("%s builds a %s: may the operator apply one? It has no case", filepath.Base(file), kind)
			}
			return true
		})
	}
	if found < 6 {
		t.Errorf("%d kinds: they are not found any more", found)
	}
}

// may asks the API server.
func may(t *testing.T, as client.Client, verb, kind, sub string) bool {
	t.Helper()
	group, resource := resourceOf(t, as, kind)
	names := named[kind]
	if names == nil {
		names = []string{""} // any
	}
	for _, name := range names {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: "any", Name: name, Verb: verb, Group: group, Resource: resource, Subresource: sub}}}
		if err := as.Create(t.Context(), review); err != nil {
			t.Fatal(err)
		}
		if !review.Status.Allowed {
			return false
		}
	}
	return true
}

func resourceOf(t *testing.T, as client.Client, kind string) (group, resource string) {
	t.Helper()
	for known := range as.Scheme().AllKnownTypes() {
		if known.Kind != kind || slices.Contains([]string{"extensions", "events.k8s.io"}, known.Group) {
			continue
		}
		if m, err := as.RESTMapper().RESTMapping(schema.GroupKind{Group: known.Group, Kind: kind}); err == nil {
			return m.Resource.Group, m.Resource.Resource
		}
	}
	t.Fatalf("the API server knows no kind %s", kind)
	return "", ""
}

// calls finds what the operator's packages ask of API servers.
func calls(t *testing.T) (all []call) {
	t.Helper()
	exports, ours := listed(t)
	fset := token.NewFileSet()
	from := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, pkg := range ours {
		var files []*ast.File
		for _, name := range pkg.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(pkg.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
		if _, err := (&types.Config{Importer: from}).Check(pkg.ImportPath, fset, files, info); err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					where := strings.TrimPrefix(pkg.ImportPath, module) + "." + f.Name.Name
					all = append(all, callsOf(info, where, f)...)
				}
			}
		}
	}
	return all
}

func callsOf(info *types.Info, where string, f *ast.FuncDecl) (all []call) {
	ast.Inspect(f, func(n ast.Node) bool {
		one, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := one.Fun.(*ast.SelectorExpr)
		if !ok || info.Selections[method] == nil || !ofClient(info.Selections[method].Obj()) {
			return true
		}
		object := 1 // after the context
		if method.Sel.Name == "Get" {
			object = 2 // and the key
		}
		if len(one.Args) <= object {
			return true
		}
		c := call{where: where, verb: method.Sel.Name, kind: kindIn(info.TypeOf(one.Args[object])), live: isLive(method.X)}
		if strings.HasPrefix(info.Selections[method].Obj().Pkg().Path(), "sigs.k8s.io") && isStatus(method.X) {
			c.verb = "Status." + c.verb
		}
		for _, arg := range one.Args {
			if f, ok := arg.(*ast.CallExpr); ok {
				s, is := f.Fun.(*ast.SelectorExpr)
				c.scoped = c.scoped || is && s.Sel.Name == "InNamespace"
			}
			if s, ok := arg.(*ast.SelectorExpr); ok && s.Sel.Name == "Apply" {
				c.apply = true
			}
		}
		all = append(all, c)
		return true
	})
	return all
}

// ofClient tells whether a method is one of controller-runtime's client.
func ofClient(o types.Object) bool {
	asks := []string{"Get", "List", "Watch", "Create", "Update", "Patch", "Apply", "Delete", "DeleteAllOf"}
	return o.Pkg() != nil && o.Pkg().Path() == "sigs.k8s.io/controller-runtime/pkg/client" && slices.Contains(asks, o.Name())
}

// isLive goes by the name of the reader: Live where it is kept, live where it is handed on.
func isLive(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "live"
	case *ast.SelectorExpr:
		return x.Sel.Name == "Live"
	}
	return false
}

func isStatus(x ast.Expr) bool {
	one, ok := x.(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := one.Fun.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Status"
}

// kindIn is the kind of an object's static type, "" when it can be any.
func kindIn(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := t.(*types.Named)
	if !ok || types.IsInterface(t) {
		return ""
	}
	name := strings.TrimSuffix(n.Obj().Name(), "List")
	if slices.Contains([]string{"PartialObjectMetadata", "Unstructured"}, name) {
		return ""
	}
	return name
}

type goPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// listed are the compiled packages that the operator is made of, and which of them are the project's own.
func listed(t *testing.T) (exports map[string]string, ours []goPackage) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-trimpath", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", module+"internal/operator").Output()
	if err != nil {
		t.Fatalf("listing the operator's packages: %v", err)
	}
	exports = map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if strings.HasPrefix(p.ImportPath, module+"internal/") {
			ours = append(ours, p)
		}
	}
	return exports, ours
}
