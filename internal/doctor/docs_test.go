package doctor

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// Every field of the report's JSON is described.
func TestTheReportIsDescribed(t *testing.T) {
	text, err := os.ReadFile("../../docs/guide/network.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range fields(reflect.TypeFor[Report]()) {
		if !strings.Contains(string(text), "`"+name+"`") && !strings.Contains(string(text), "`"+name+"[]`") {
			t.Errorf("docs/guide/network.md doesn't describe %s", name)
		}
	}
}

func fields(of reflect.Type) (names []string) {
	for of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	for f := range of.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			names = append(append(names, name), fields(f.Type)...)
		}
	}
	return names
}
