package install_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/ringspan/ringspan/internal/install"
)

// differing are fields whose schema is not upstream's, with the reason.
var differing = map[string]string{
	"CassandraDatacenter spec":        "unknown fields are refused or dropped, not stored without effect: a misspelt one is noticed",
	"CassandraDatacenter spec.config": "an object, as upstream's installed definition has it; its raw one says bytes and refuses objects",
}

// TestFieldsOfUpstream checks that every field of K8ssandra's kinds is in ours, with its type, default, enumeration and
// least value. testdata/fields lists them, one file for each kind; the first line has the kind's names.
func TestFieldsOfUpstream(t *testing.T) {
	files, err := filepath.Glob("testdata/fields/*.txt")
	if err != nil || len(files) != 7 {
		t.Fatalf("found %d lists of fields, want 7: %v", len(files), err)
	}
	for _, file := range files {
		kind := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(kind, func(t *testing.T) { compare(t, kind, file) })
	}
}

func compare(t *testing.T, kind, file string) {
	crd := definition(t, kind)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			names(t, crd, line)
			continue
		}
		path, want, _ := strings.Cut(line, "\t")
		if differing[kind+" "+path] != "" {
			continue
		}
		if problem := field(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, path, want); problem != "" {
			t.Errorf("%s: %s", path, problem)
		}
	}
}

func definition(t *testing.T, kind string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	crds, err := install.CRDs()
	if err != nil {
		t.Fatal(err)
	}
	for _, crd := range crds {
		if crd.Spec.Names.Kind == kind {
			return crd
		}
	}
	t.Fatalf("no definition of kind %s", kind)
	return nil
}

// names compares group, version, plural, short names and printer columns; ours may have more of the last two.
func names(t *testing.T, crd *apiextensionsv1.CustomResourceDefinition, line string) {
	spec := crd.Spec
	if columns, ok := strings.CutPrefix(line, "# printer columns: "); ok {
		for want := range strings.SplitSeq(columns, "; ") {
			if !hasColumn(spec.Versions[0].AdditionalPrinterColumns, want) {
				t.Errorf("no printer column %s", want)
			}
		}
		return
	}
	want := fmt.Sprintf("# %s.%s/%s scope=%s plural=%s ", spec.Names.Kind, spec.Group, spec.Versions[0].Name, spec.Scope, spec.Names.Plural)
	if !strings.HasPrefix(line, want) {
		t.Errorf("names are %q, want %q", want, line)
	}
	for short := range strings.SplitSeq(valueOf(line, "shortNames="), ",") {
		if short != "" && !strings.Contains(","+strings.Join(spec.Names.ShortNames, ",")+",", ","+short+",") {
			t.Errorf("no short name %s", short)
		}
	}
	if strings.Contains(line, "subresources=status") != (spec.Versions[0].Subresources != nil && spec.Versions[0].Subresources.Status != nil) {
		t.Errorf("status subresource: %q", line)
	}
}

func hasColumn(columns []apiextensionsv1.CustomResourceColumnDefinition, want string) bool {
	for _, c := range columns {
		if c.Name+"="+c.JSONPath == want {
			return true
		}
	}
	return false
}

// field says how a field of the schema is not as upstream has it, "" when it is.
func field(schema *apiextensionsv1.JSONSchemaProps, path, want string) string {
	for _, name := range split(path) {
		if schema.XPreserveUnknownFields != nil && *schema.XPreserveUnknownFields && schema.Properties[name].Type == "" {
			return "" // accepted as it is
		}
		next, ok := step(schema, name)
		if !ok {
			return "there is no such field"
		}
		schema = next
	}
	if strings.Contains(want, "(core type)") {
		return typed(schema, strings.Fields(want)[0])
	}
	for _, check := range []string{
		typed(schema, strings.Fields(want)[0]),
		same("default", unquote(valueOf(want, "default=")), fromJSON(schema.Default)),
		same("enum", valueOf(want, "enum="), enum(schema)),
		same("minimum", valueOf(want, " minimum="), number(schema.Minimum)),
		same("minLength", valueOf(want, "minLength="), integer(schema.MinLength)),
	} {
		if check != "" {
			return check
		}
	}
	return ""
}

var keysWithDots = regexp.MustCompile(`(ca|tls)\.(crt|key)$`)

// split cuts a path such as a[].{}.b into steps; some names have dots themselves.
func split(path string) []string {
	last := keysWithDots.FindString(path)
	path = strings.TrimSuffix(strings.TrimSuffix(path, last), ".")
	steps := strings.Split(strings.ReplaceAll(path, "[]", ".[]"), ".")
	if last != "" {
		steps = append(steps, last)
	}
	return steps
}

func step(schema *apiextensionsv1.JSONSchemaProps, name string) (*apiextensionsv1.JSONSchemaProps, bool) {
	switch {
	case name == "[]" && schema.Items != nil:
		return schema.Items.Schema, true
	case name == "{}" && schema.AdditionalProperties != nil:
		return schema.AdditionalProperties.Schema, true
	}
	next, ok := schema.Properties[name]
	return &next, ok
}

func typed(schema *apiextensionsv1.JSONSchemaProps, want string) string {
	got := schema.Type
	if schema.XIntOrString {
		got = "int-or-string"
	}
	return same("type", want, got)
}

func same(what, want, got string) string {
	// The limits that only our rules need are more than upstream has.
	if want == got || want == "" && what != "default" && what != "enum" {
		return ""
	}
	if want == "" && what == "enum" {
		return "" // a closed list where upstream's code has one
	}
	return fmt.Sprintf("%s is %q, want %q", what, got, want)
}

// valueOf returns what follows a key: up to the next space, or the closing brace of an object.
func valueOf(text, key string) string {
	_, rest, found := strings.Cut(text, key)
	if !found {
		return ""
	}
	if strings.HasPrefix(rest, "{") {
		return rest[:strings.Index(rest, "}")+1]
	}
	value, _, _ := strings.Cut(rest, " ")
	return value
}

func unquote(text string) string {
	switch text {
	case "True", "False":
		return strings.ToLower(text)
	case "''":
		return `""`
	}
	if strings.HasPrefix(text, "{") { // Python's way of printing an object
		return strings.NewReplacer("'", `"`, "True", "true", ": ", ":", ", ", ",").Replace(text)
	}
	if strings.HasPrefix(text, "'") {
		return `"` + strings.Trim(text, "'") + `"`
	}
	return text
}

func fromJSON(v *apiextensionsv1.JSON) string {
	if v == nil {
		return ""
	}
	return string(v.Raw)
}

func enum(schema *apiextensionsv1.JSONSchemaProps) string {
	var values []string
	for _, v := range schema.Enum {
		values = append(values, strings.Trim(string(v.Raw), `"`))
	}
	return strings.Join(values, ",")
}

func number(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

func integer(v *int64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatInt(*v, 10)
}
