package cassandra

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Every configuration in cass-operator's own manifests can be followed.
func TestConfigurationsOfFixtures(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(filepath.Join("..", "..", "test", "fixtures"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		for _, config := range configurations(t, path) {
			seen++
			tryConfiguration(t, path, config)
		}
		return nil
	})
	if err != nil || seen < 10 {
		t.Errorf("%d configurations, %v", seen, err)
	}
}

func tryConfiguration(t *testing.T, path string, config map[string]any) {
	t.Helper()
	config["cluster-info"] = map[string]any{"name": "c", "seeds": "s"}
	config["datacenter-info"] = map[string]any{"name": "dc1"}
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	in, err := ParseInput(data, "p-0")
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if unknown := UnknownOptions(in.JVM); len(unknown) > 0 {
		t.Errorf("%s: %v", path, unknown)
	}
	if _, err := Render(in, Node{Address: "10.0.0.1"}); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

// configurations are the spec.config of a file's CassandraDatacenters.
func configurations(t *testing.T, path string) (all []map[string]any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc struct {
			Kind string
			Spec struct{ Config map[string]any }
		}
		switch err := decoder.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			continue // of another shape
		case doc.Kind == "CassandraDatacenter" && doc.Spec.Config != nil:
			all = append(all, doc.Spec.Config)
		}
	}
}
