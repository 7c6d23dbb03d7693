package distribution

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/ringspan/ringspan/internal/version"
)

// programs writes what begins as programs of an architecture do.
func programs(t *testing.T, machine elf.Machine) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"ringspan-operator", "ringspan-agent"} {
		header := elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64,
		}
		var out bytes.Buffer
		if err := binary.Write(&out, binary.LittleEndian, header); err != nil {
			t.Fatal(err)
		}
		out.WriteString(name + " for " + machine.String())
		if err := os.WriteFile(filepath.Join(dir, name), out.Bytes(), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// jars are a distribution with two of them.
func jars(t *testing.T) (d Distribution) {
	t.Helper()
	dir := t.TempDir()
	d.Launcher, d.Jolokia = filepath.Join(dir, "launcher-1.jar"), filepath.Join(dir, "jolokia-1.jar")
	for _, f := range []string{d.Launcher, d.Jolokia} {
		if err := os.WriteFile(f, []byte(filepath.Base(f)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// aRegistry is one of the test's own, on loopback, which asks for a login.
func aRegistry(t *testing.T) string {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // nobody is logged in
	all := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "someone" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		all.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://") + "/team/ringspan"
}

// contents of an image, by path: a file's text, or its mode where it is a directory.
func contents(t *testing.T, i v1.Image) map[string]string {
	t.Helper()
	layers, err := i.Layers()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for files := tar.NewReader(r); ; {
			h, err := files.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(files)
			if err != nil {
				t.Fatal(err)
			}
			out[h.Name] = h.FileInfo().Mode().String() + " " + string(text)
		}
	}
	return out
}

func TestPush(t *testing.T) {
	place, login := aRegistry(t), Login{"someone", "secret"}
	intel, arm, d := programs(t, elf.EM_X86_64), programs(t, elf.EM_AARCH64), jars(t)
	all, err := BuildImages([]string{intel, arm}, d)
	if err != nil {
		t.Fatal(err)
	}
	first, err := Push(t.Context(), place, login, all)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != 2 || first[0].Image != place+"/operator:"+version.Version || first[1].Image != ImageIn(place, AgentImage) || !first[0].New || !slices.Equal(first[1].Platforms, []string{"linux/amd64", "linux/arm64"}) {
		t.Fatalf("pushed %+v", first)
	}
	if all, err = BuildImages([]string{intel, arm}, d); err != nil { // the same bytes
		t.Fatal(err)
	}
	second, err := Push(t.Context(), place, login, all)
	if err != nil {
		t.Fatal(err)
	}
	for i := range second {
		if second[i].New || second[i].Digest != first[i].Digest {
			t.Errorf("again: %+v", second[i])
		}
	}

	// What a node pulls.
	ref, err := name.NewDigest(place + "/agent@" + first[1].Digest)
	if err != nil {
		t.Fatal(err)
	}
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		pulled, err := remote.Image(ref, remote.WithAuth(basic(login)), remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}))
		if err != nil {
			t.Fatal(err)
		}
		config, err := pulled.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Architecture != arch || config.OS != "linux" || !slices.Equal(config.Config.Entrypoint, []string{"/opt/ringspan/ringspan-agent"}) || config.Config.User != "0:0" {
			t.Errorf("%s: %+v", arch, config)
		}
		files := contents(t, pulled)
		if f := files["opt/ringspan/ringspan-agent"]; !strings.HasPrefix(f, "-rwxr-xr-x ") || !strings.HasSuffix(f, "ringspan-agent for "+machine.String()) {
			t.Errorf("%s: the program is %q", arch, f)
		}
		if files["opt/ringspan/ringspan-jvm.jar"] != "-rw-r--r-- launcher-1.jar" || files["opt/ringspan/jolokia.jar"] != "-rw-r--r-- jolokia-1.jar" || files["opt/ringspan/"] != "drwxr-xr-x " || len(files) != 5 {
			t.Errorf("%s: %q", arch, files)
		}
	}

	// Another build under the same tag takes its place.
	if err := os.WriteFile(d.Launcher, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, err = BuildImages([]string{intel}, d); err != nil {
		t.Fatal(err)
	}
	third, err := Push(t.Context(), place, login, all)
	if err != nil || !third[1].New || third[1].Digest == first[1].Digest {
		t.Errorf("another build: %+v, %v", third, err)
	}
}

func TestPushRefused(t *testing.T) {
	place := aRegistry(t)
	all, err := BuildImages([]string{programs(t, elf.EM_X86_64)}, jars(t))
	if err != nil {
		t.Fatal(err)
	}
	if done, err := Push(t.Context(), place, Login{}, all); err == nil || len(done) > 0 || !strings.Contains(err.Error(), "log in") {
		t.Errorf("no login: %+v, %v", done, err)
	}
	if _, err := Push(t.Context(), place, Login{"someone", "wrong-password"}, all); err == nil || !strings.Contains(err.Error(), "log in") || strings.Contains(err.Error(), "wrong-password") {
		t.Errorf("a wrong password: %v", err)
	}
	for _, place := range []string{"https://registry.example.com/ringspan", "Registry/UPPER", "registry.example.com/x:tag", ""} {
		if _, err := Push(t.Context(), place, Login{}, all); err == nil || !strings.Contains(err.Error(), "is not a place in a registry") {
			t.Errorf("%q: %v", place, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Push(ctx, place, Login{}, all); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestSaveImages(t *testing.T) {
	intel, d := programs(t, elf.EM_X86_64), jars(t)
	all, err := BuildImages([]string{intel}, d)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "images.tar")
	if err := SaveImages(file, "ringspan", all); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("ringspan/operator:" + version.Version)
	if err != nil {
		t.Fatal(err)
	}
	i, err := tarball.ImageFromPath(file, &tag)
	if err != nil {
		t.Fatal(err)
	}
	if f := contents(t, i)["opt/ringspan/ringspan-operator"]; !strings.HasSuffix(f, "ringspan-operator for EM_X86_64") {
		t.Errorf("the program is %q", f)
	}
	if c, err := i.ConfigFile(); err != nil || c.Config.User != "65532:65532" {
		t.Errorf("%+v, %v", c, err)
	}
	if all, err = BuildImages([]string{intel, programs(t, elf.EM_AARCH64)}, d); err != nil {
		t.Fatal(err)
	}
	if err := SaveImages(file+"2", "ringspan", all); err == nil {
		t.Error("two platforms in a file")
	}
	if left, _ := filepath.Glob(file + "2*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestBuildImagesRefuses(t *testing.T) {
	d, script := jars(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(script, "ringspan-operator"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for why, test := range map[string]struct {
		bins []string
		says string
	}{
		"twice the same": {[]string{programs(t, elf.EM_X86_64), programs(t, elf.EM_X86_64)}, "already found in another directory"},
		"another kind":   {[]string{programs(t, elf.EM_S390)}, "nodes are amd64 or arm64"},
		"a script":       {[]string{script}, "not a program for Linux"},
		"nothing there":  {[]string{t.TempDir()}, "no such file"},
	} {
		if _, err := BuildImages(test.bins, d); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func basic(l Login) authn.Authenticator {
	return &authn.Basic{Username: l.User, Password: l.Password}
}
