package distribution

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/ringspan/ringspan/internal/version"
)

// architectures of nodes, by what a program's ELF header says.
var architectures = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// Built is the image of one program: OCI image manifests under one index.
type Built struct {
	Name      string // ringspan/agent
	Platforms []v1.Platform
	Index     v1.ImageIndex
	images    []v1.Image // in the order of Platforms
}

// BuildImages makes the images of the operator and of the agent for clusters that
// pull: one platform for each directory of programs, by what their ELF headers
// say. The same programs make the same bytes, so that an image can be told from
// another by its digest.
func BuildImages(bins []string, d Distribution) ([]Built, error) {
	var all []Built
	for _, repository := range []string{OperatorImage, AgentImage} {
		b := Built{Name: repository, Index: mutate.IndexMediaType(empty.Index, types.OCIImageIndex)}
		for _, bin := range bins {
			described := programImages(bin, d)[repository]
			arch, err := architecture(described.Mounts[0].Source)
			if err != nil {
				return nil, err
			}
			platform := v1.Platform{OS: "linux", Architecture: arch}
			if slices.ContainsFunc(b.Platforms, platform.Equals) {
				return nil, fmt.Errorf("%s: programs for %s were already found in another directory", bin, platform)
			}
			i, err := buildImage(described, platform)
			if err != nil {
				return nil, fmt.Errorf("image of %s: %w", described.Mounts[0].Source, err)
			}
			b.Platforms, b.images = append(b.Platforms, platform), append(b.images, i)
			b.Index = mutate.AppendManifests(b.Index, mutate.IndexAddendum{Add: i, Descriptor: v1.Descriptor{Platform: &platform}})
		}
		all = append(all, b)
	}
	return all, nil
}

// architecture is what a program was built for.
func architecture(program string) (string, error) {
	f, err := elf.Open(program)
	var missing *fs.PathError
	switch {
	case errors.As(err, &missing):
		return "", err
	case err != nil:
		return "", fmt.Errorf("%s is not a program for Linux: %w", program, err)
	}
	defer func() { _ = f.Close() }()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return "", fmt.Errorf("%s is linked dynamically, and its image has no libraries: build it with CGO_ENABLED=0", program)
	}
	arch, ok := architectures[f.Machine]
	if !ok {
		return "", fmt.Errorf("%s is for %s; nodes are amd64 or arm64", program, f.Machine)
	}
	return arch, nil
}

func buildImage(described image, platform v1.Platform) (v1.Image, error) {
	files, err := layer(described.Mounts)
	if err != nil {
		return nil, err
	}
	content, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	i := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if i, err = mutate.AppendLayers(i, content); err != nil {
		return nil, err
	}
	file, err := i.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = platform.OS, platform.Architecture
	file.Config = v1.Config{
		Entrypoint: described.Entrypoint, User: fmt.Sprintf("%d:%d", described.UID, described.GID), WorkingDir: "/",
		Labels: map[string]string{
			"org.opencontainers.image.title":    filepath.Base(described.Entrypoint[0]),
			"org.opencontainers.image.version":  version.Version,
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
	return mutate.ConfigFile(i, file)
}

// layer is a tar archive of files and of the directories that they are in, with
// no times and no owners of the machine that it is made on.
func layer(files []mount) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	made := map[string]bool{}
	for _, f := range files {
		for i, c := range f.Target[1:] {
			if dir := f.Target[1:][:i]; c == '/' && !made[dir] {
				made[dir] = true
				if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}); err != nil {
					return nil, err
				}
			}
		}
		data, err := os.ReadFile(f.Source)
		if err != nil {
			return nil, err
		}
		mode := int64(0o755)
		if strings.HasSuffix(f.Target, ".jar") {
			mode = 0o644
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.Target[1:], Mode: mode, Size: int64(len(data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// ImageIn is the name of an image of this version's in a registry that Push was
// given.
func ImageIn(registry, image string) string {
	return registry + strings.TrimPrefix(image, "ringspan") + ":" + version.Version
}

// CheckRegistry says what is wrong with the name of a place in a registry.
func CheckRegistry(registry string) error {
	_, err := tagIn(registry, OperatorImage, name.StrictValidation)
	return err
}

func tagIn(registry, image string, how name.Option) (tag name.Tag, err error) {
	if strings.Contains(registry, "://") {
		err = errors.New("it has no scheme")
	} else {
		tag, err = name.NewTag(ImageIn(registry, image), how)
	}
	if err != nil {
		err = fmt.Errorf("%q is not a place in a registry such as registry.example.com/ringspan: %w", registry, err)
	}
	return tag, err
}

// Pushed is an image as a registry has it.
type Pushed struct {
	Image     string   `json:"image"`  // with its tag
	Digest    string   `json:"digest"` // sha256:… of its index
	Platforms []string `json:"platforms"`
	New       bool     `json:"new"` // it was not there before
}

// Login is how a registry knows who pushes. Without a user, what docker and podman
// have saved is used, credential helpers included.
type Login struct{ User, Password string }

// Push gives images to a registry, REGISTRY/operator and REGISTRY/agent with the
// tag of this version. What is there already is left alone.
func Push(ctx context.Context, registry string, login Login, all []Built) (done []Pushed, err error) {
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if login.User != "" {
		options[1] = remote.WithAuth(&authn.Basic{Username: login.User, Password: login.Password})
	}
	for _, b := range all {
		tag, err := tagIn(registry, b.Name, name.StrictValidation)
		if err != nil {
			return done, err
		}
		digest, err := b.Index.Digest()
		if err != nil {
			return done, err
		}
		p := Pushed{Image: tag.Name(), Digest: digest.String()}
		for _, platform := range b.Platforms {
			p.Platforms = append(p.Platforms, platform.String())
		}
		there, err := remote.Head(tag, options...)
		if err != nil && ctx.Err() != nil {
			return done, ctx.Err()
		}
		if p.New = err != nil || there.Digest != digest; p.New {
			if err := remote.WriteIndex(tag, b.Index, options...); err != nil {
				return done, refused(tag, err)
			}
		}
		done = append(done, p)
	}
	return done, nil
}

// refused says what to do about a registry's refusal.
func refused(tag name.Tag, err error) error {
	if said, ok := errors.AsType[*transport.Error](err); ok {
		switch said.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return fmt.Errorf("%s: the registry lets you not push: log in with docker or podman, or give --username and --password-stdin: %w", tag.Repository, err)
		case http.StatusNotFound:
			return fmt.Errorf("%s: the registry has no such repository, and makes none by itself: make it first: %w", tag.Repository, err)
		}
	}
	return fmt.Errorf("pushing %s: %w", tag, err)
}

// SaveImages writes images to a file that docker, podman, ctr and kind load. They
// know of one platform a file.
func SaveImages(file, registry string, all []Built) (err error) {
	out := map[name.Tag]v1.Image{}
	for _, b := range all {
		if len(b.images) != 1 {
			return errors.New("a file holds programs of one platform: give one directory of them")
		}
		tag, err := tagIn(registry, b.Name, name.WeakValidation)
		if err != nil {
			return err
		}
		out[tag] = b.images[0]
	}
	part := file + ".part"
	if err := tarball.MultiWriteToFile(part, out); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, file)
}
