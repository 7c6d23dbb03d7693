package datacenter_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/fieldtest"
)

// actElsewhere are fields and annotations that neither objects, plan nor condition show, and what acts on them.
var actElsewhere = map[string]string{
	"spec.canaryUpgrade":                                 "which nodes a change reaches; testdata/canary.txt",
	"spec.canaryUpgradeCount":                            "likewise",
	"spec.maxUnavailable":                                "how many nodes of a rack are restarted together; testdata/together.txt",
	"spec.managementApiAuth.manual.skipSecretValidation": "whether the Secrets are looked at; controller/management.go",

	api.AllowParallelStartsAnnotation:       "how many nodes start together; testdata/starts_in_turn.txt",
	api.AllowStorageChangesAnnotation:       "what may be changed; config/admission",
	api.BypassValidationAnnotation:          "what may be changed; config/admission",
	api.DeletePVCAnnotation:                 "the deletion; plan_delete.go",
	api.DecommissionOnDeleteAnnotation:      "the deletion; plan_remove.go",
	api.NoFinalizerAnnotation:               "the deletion; controller/controller.go",
	api.NoAutomatedCleanupAnnotation:        "what comes after nodes were added; plan_cleanup.go",
	api.EnableParallelCleanupRackAnnotation: "likewise",
	api.ConfigHashAnnotation:                "nobody's but the operator's",
	api.ResourceHashAnnotation:              "likewise",
	api.WatchedByAnnotation:                 "likewise",
}

// writtenAndNamed are fields that are in objects, where they don't do all that they say; and those of volumes, which racks that
// are there keep as they are.
var writtenAndNamed = regexp.MustCompile(`^spec\.(networking\.nodePort\.\w+|storageConfig\..*)$`)

// values are what a field must have to say something.
var values = map[string]any{
	"spec.config":                 json.RawMessage(`{"cassandra-yaml": {"concurrent_reads": 7}}`),
	"spec.serverType":             "dse",
	"spec.readOnlyRootFilesystem": false,
	"spec.podTemplateSpec":        corev1.PodTemplateSpec{Spec: corev1.PodSpec{PriorityClassName: "value"}},
}

// needs are what other fields must have for a field to say something.
var needs = map[string]func(*api.CassandraDatacenterSpec){
	"spec.users[0].superuser": func(spec *api.CassandraDatacenterSpec) { spec.Users[0].SecretName = "value" },
	"spec.managementApiAuth.manual.clientSecretName": func(spec *api.CassandraDatacenterSpec) {
		spec.ManagementApiAuth.Manual.ServerSecretName = "server"
	},
	"spec.additionalServiceConfig.nodePortService.additionalLabels":      nodePort,
	"spec.additionalServiceConfig.nodePortService.additionalAnnotations": nodePort,
	"annotation " + api.SkipUserCreationAnnotation:                       func(spec *api.CassandraDatacenterSpec) { spec.SuperuserSecretName = "value" },
}

func nodePort(spec *api.CassandraDatacenterSpec) {
	spec.Networking = &api.NetworkingConfig{NodePort: &api.NodePortConfig{Native: 30042}}
}

// Every field of the spec changes an object or a plan, is refused in the plan's words, or is named as not acted on: none is
// accepted without effect and without a word. The list of fields is that of the type, so a field that is added fails here until
// it is one of these.
func TestEveryFieldIsActedOnOrNamed(t *testing.T) {
	w := whole(t)
	count := 0
	fieldtest.Leaves(reflect.TypeFor[api.CassandraDatacenterSpec](), func(path []string) {
		count++
		name := fieldtest.Name(path)
		without, with := w.regions[0].dc.DeepCopy(), w.regions[0].dc.DeepCopy()
		fieldtest.Reach(reflect.ValueOf(&without.Spec).Elem(), path)
		fieldtest.Set(t, fieldtest.Reach(reflect.ValueOf(&with.Spec).Elem(), path), values[name])
		if need := needs[name]; need != nil {
			need(&without.Spec)
			need(&with.Spec)
		}
		w.actsOrNames(t, name, without, with)
	})
	if count < 85 {
		t.Errorf("only %d fields were found", count)
	}
}

// So does every annotation that users of cass-operator may have set.
func TestEveryAnnotationIsActedOnOrNamed(t *testing.T) {
	w := whole(t)
	odd := map[string]string{api.UpdateAllowedAnnotation: api.UpdateAllowedOnce, api.AllowParallelStartsAnnotation: "false"}
	count := 0
	for _, key := range annotationsOf(t, "../../api/cassandra/v1beta1/labels.go") {
		if !strings.HasPrefix(key, "cassandra.datastax.com/") {
			continue
		}
		count++
		without, with := w.regions[0].dc.DeepCopy(), w.regions[0].dc.DeepCopy()
		with.Annotations[key] = "true"
		if value := odd[key]; value != "" {
			with.Annotations[key] = value
		}
		if need := needs["annotation "+key]; need != nil {
			need(&without.Spec)
			need(&with.Spec)
		}
		w.actsOrNames(t, key, without, with)
	}
	if count < 15 {
		t.Errorf("only %d annotations were found", count)
	}
}

// whole is a world with a datacenter that has booted, and to which nothing is to be done.
func whole(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	r := w.add("dc1", 3, []string{"r1", "r2", "r3"}, true)
	r.secret("value", map[string]string{"username": "value", "password": "secret"})
	if !w.settle(60, nil) || !r.dc.Status.IsTrue(api.DatacenterReady) {
		t.Fatalf("the datacenter doesn't come up: %s", r.status())
	}
	return w
}

// actsOrNames compares what comes of two datacenters, of which the second has something more.
func (w *world) actsOrNames(t *testing.T, name string, without, with *api.CassandraDatacenter) {
	t.Helper()
	before, _ := w.comesOf(t, without)
	after, all := w.comesOf(t, with)
	acted := before != after
	named := slices.ContainsFunc(all, func(one string) bool {
		one, _, _ = strings.Cut(strings.TrimPrefix(one, "annotation "), " ")
		return name == one || strings.HasPrefix(name, one+".") || strings.HasPrefix(name, one+"[")
	})
	switch {
	case acted && named && !writtenAndNamed.MatchString(name):
		t.Errorf("%s is acted on, and said not to be: %q\n%s", name, all, cmp.Diff(before, after))
	case !acted && !named && actElsewhere[name] == "":
		t.Errorf("%s has no effect, and nobody says so", name)
	case (acted || named) && actElsewhere[name] != "":
		t.Errorf("%s needs no exception", name)
	}
}

// comesOf is what is made of a datacenter, as text, and what of it is said to be not acted on.
func (w *world) comesOf(t *testing.T, dc *api.CassandraDatacenter) (made string, notActedOn []string) {
	t.Helper()
	r := w.regions[0]
	was := r.dc
	defer func() { r.dc = was }()
	r.dc = dc
	s := r.observe()
	plan := datacenter.Make(s)
	var b strings.Builder
	for _, o := range objects(t, s) {
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", data)
	}
	for line := range strings.Lines(plan.String()) {
		// That the spec's hash is another one does nothing.
		if !strings.HasSuffix(line, ": its metadata changes\n") && line != "done\n" {
			b.WriteString(line)
		}
	}
	for _, step := range plan.Steps {
		b.WriteString(step.Stamp)
	}
	status := datacenter.Summarize(s, plan, nil)
	if c := status.Condition(api.DatacenterFieldsNotActedOn); c != nil {
		notActedOn = strings.Split(strings.TrimPrefix(c.Message, "not acted on: "), ", ")
	}
	return b.String() + plan.Secret, notActedOn
}

func objects(t *testing.T, s *datacenter.State) (all []client.Object) {
	t.Helper()
	for _, rack := range s.DC.Racks() {
		set, err := s.StatefulSet(rack, 1)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, set)
	}
	for _, o := range s.Services() {
		all = append(all, o)
	}
	for _, o := range s.SeedSlices() {
		all = append(all, o)
	}
	return append(all, s.DisruptionBudget())
}

// annotationsOf are the values of a file's constants whose names end with "Annotation".
func annotationsOf(t *testing.T, file string) (keys []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is || !strings.HasSuffix(spec.Names[0].Name, "Annotation") {
			return true
		}
		value, is := spec.Values[0].(*ast.BasicLit)
		if !is {
			return true
		}
		key, err := strconv.Unquote(value.Value)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
		return true
	})
	return keys
}
