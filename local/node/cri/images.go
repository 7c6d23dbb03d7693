package cri

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/node/process"
)

// image is IMAGES/NAME/image.json: what a container image would say in its
// configuration, plus the paths it brings. NAME is the reference without
// registry, tag and digest: docker.io/lab/cassandra:5.0.9 is lab/cassandra.
type image struct {
	Entrypoint []string          `json:"entrypoint"`
	Cmd        []string          `json:"cmd"`
	Env        map[string]string `json:"env"`
	Dir        string            `json:"dir"`
	UID        int               `json:"uid"`
	GID        int               `json:"gid"`
	Mounts     []process.Mount   `json:"mounts"` // a relative source lies in the image's directory
	Tags       []string          `json:"tags"`   // that exist; none means all
	ID         string            `json:"id"`     // NAME@sha256:..., of what it brings; none means its reference
}

// imageService finds images in a directory.
type imageService struct{ dir string }

func (s *imageService) path(reference string) string {
	name := reference
	if i := strings.IndexByte(name, '@'); i >= 0 {
		name = name[:i]
	}
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	if first, rest, ok := strings.Cut(name, "/"); ok && strings.ContainsAny(first, ".:") {
		name = rest
	}
	name = strings.TrimPrefix(name, "library/")
	return filepath.Join(s.dir, filepath.Clean("/"+name))
}

func (s *imageService) load(reference string) (image, error) {
	var img image
	dir := s.path(reference)
	data, err := os.ReadFile(filepath.Join(dir, "image.json"))
	if err != nil {
		return img, fmt.Errorf("image %s is not on this machine; it has %s", reference, strings.Join(s.names(), ", "))
	}
	if err := json.Unmarshal(data, &img); err != nil {
		return img, fmt.Errorf("image %s: %w", reference, err)
	}
	if tag := tagOf(reference); tag != "" && len(img.Tags) > 0 && !slices.Contains(img.Tags, tag) {
		return img, fmt.Errorf("image %s is not on this machine; it has the tags %s", reference, strings.Join(img.Tags, ", "))
	}
	for i, m := range img.Mounts {
		if !filepath.IsAbs(m.Source) {
			img.Mounts[i].Source = filepath.Join(dir, m.Source)
		}
	}
	return img, nil
}

// names lists the images that there are.
func (s *imageService) names() (names []string) {
	_ = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "image.json" {
			if name, err := filepath.Rel(s.dir, filepath.Dir(path)); err == nil {
				names = append(names, name)
			}
		}
		return nil
	})
	return names
}

func tagOf(reference string) string {
	if i := strings.IndexByte(reference, '@'); i >= 0 {
		return ""
	}
	if i := strings.LastIndexByte(reference, ':'); i > strings.LastIndexByte(reference, '/') {
		return reference[i+1:]
	}
	return ""
}
