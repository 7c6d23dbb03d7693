package cri

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func TestImages(t *testing.T) {
	s := &imageService{dir: t.TempDir()}
	for name, text := range map[string]string{
		"lab/cassandra": `{"entrypoint":["cassandra"],"tags":["5.0.9"],"mounts":[{"source":"lib","target":"/opt/lib"},{"source":"/abs","target":"/abs"}]}`,
		"tools":         `{"entrypoint":["sleep"]}`,
		"broken":        `{`,
	} {
		dir := filepath.Join(s.dir, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "image.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, reference := range []string{
		"lab/cassandra", "lab/cassandra:5.0.9", "docker.io/lab/cassandra:5.0.9", "localhost:5000/lab/cassandra:5.0.9", "localhost:5000/lab/cassandra", "lab/cassandra@sha256:0123",
	} {
		img, err := s.load(reference)
		if err != nil {
			t.Errorf("%s: %v", reference, err)
			continue
		}
		if want := filepath.Join(s.dir, "lab/cassandra/lib"); img.Mounts[0].Source != want || img.Mounts[1].Source != "/abs" {
			t.Errorf("%s: mounts %+v, want %s first", reference, img.Mounts, want)
		}
	}
	if c := (&container{image: "lab/cassandra@sha256:1", config: &runtimeapi.ContainerConfig{Image: &runtimeapi.ImageSpec{Image: "lab/cassandra:5"}}}); c.status().ImageId != c.image || c.status().ImageRef != c.image {
		t.Errorf("a container doesn't tell what it is of: %v", c.status())
	}
	for _, reference := range []string{"tools", "tools:any", "library/tools", "docker.io/library/tools:1"} {
		if _, err := s.load(reference); err != nil {
			t.Errorf("%s: %v", reference, err)
		}
	}
	for reference, want := range map[string]string{
		"unicorn:1":         "image unicorn:1 is not on this machine; it has broken, lab/cassandra, tools",
		"lab/cassandra:4.1": "it has the tags 5.0.9",
		"broken":            "image broken: ",
		"../../etc":         "is not on this machine",
	} {
		if _, err := s.load(reference); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", reference, err, want)
		}
	}
}
