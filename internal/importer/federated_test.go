package importer

import (
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// Each file has objects of kubefed, the Propagations that they become, and what is said of the rest.
func TestFederated(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			objects, err := Read("file.yaml", []byte(d.Input))
			if err != nil {
				return err.Error() + "\n"
			}
			o := Options{ServiceAccount: "deployer", Namespace: "default"}
			o.Adopt = d.HasArg("adopt")
			got := Federated(objects, o)
			data, err := YAML(got.Propagations)
			if err != nil {
				t.Fatal(err)
			}
			return string(data) + "notes:\n" + strings.Join(got.Notes, "\n") + "\n"
		})
	})
}

func TestAnImportedFileIsReadAgain(t *testing.T) {
	data, err := os.ReadFile("testdata/article.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "\n")
	input, _, _ := strings.Cut(rest, "\n----\n")
	objects, err := Read("file.yaml", []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	all := Federated(objects, Options{ServiceAccount: "deployer"}).Propagations
	for name, form := range map[string]func() ([]byte, error){"yaml": func() ([]byte, error) { return YAML(all) }, "json": func() ([]byte, error) { return JSON(all) }} {
		data, err := form()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read(name, data)
		if err != nil || len(again) != len(all) || len(all) == 0 {
			t.Errorf("%s: %d objects, %v; want %d", name, len(again), err, len(all))
		}
	}
}
