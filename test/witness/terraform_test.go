package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// terraformPlanDiffers is what plan -detailed-exitcode ends with when something
// would be changed.
const terraformPlanDiffers = 2

// Terraform's provider of AWS makes two networks, their peering and a cluster,
// finds nothing to change afterwards, and leaves nothing when it is told to go.
func TestTerraform(t *testing.T) {
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on the PATH")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/terraform")); err != nil {
		t.Fatal(err)
	}
	endpoint := serve(t)
	tf := &terraform{t, dir, endpoint}
	if out, code := tf.run("init", "-input=false"); code != 0 {
		t.Skipf("terraform can't get its provider hashicorp/aws ~> 5.100 (TF_CLI_CONFIG_FILE may name a mirror):\n%s", out)
	}
	before := left(t, endpoint)
	tf.must("apply", "-auto-approve", "-input=false")
	if out, code := tf.run("plan", "-detailed-exitcode", "-input=false"); code == terraformPlanDiffers {
		t.Errorf("the second plan is not empty:\n%s", out)
	} else if code != 0 {
		t.Errorf("the second plan ended with %d:\n%s", code, out)
	}
	if made := left(t, endpoint); len(made) < 30 {
		t.Errorf("apply made only %v", made)
	}
	tf.must("destroy", "-auto-approve", "-input=false")
	if after := left(t, endpoint); !slices.Equal(after, before) {
		t.Errorf("destroy left %v", after)
	}
}

// terraform runs in a directory with the configuration.
type terraform struct {
	t        *testing.T
	dir      string
	endpoint endpoint
}

// run returns what it said and its exit code, and logs its time and how many
// calls the cloud got from it.
func (tf *terraform) run(args ...string) (string, int) {
	tf.t.Helper()
	ctx, cancel := context.WithTimeout(tf.t.Context(), 10*time.Minute)
	defer cancel()
	before, begin := calls(tf.t, tf.endpoint), time.Now()
	cmd := exec.CommandContext(ctx, "terraform", append(args, "-no-color")...)
	cmd.Dir = tf.dir
	cmd.Env = append(os.Environ(), "TF_VAR_endpoint="+tf.endpoint.URL, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+filepath.Join(tf.dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(tf.dir, "none"), "AWS_PROFILE=")
	out, err := cmd.CombinedOutput()
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		tf.t.Fatal(err)
	}
	tf.t.Logf("terraform %s: %d, %s, %d calls%s", args[0], code, time.Since(begin).Round(100*time.Millisecond), calls(tf.t, tf.endpoint)-before, summary(out))
	return string(out), code
}

// summary is the line in which terraform counts.
func summary(out []byte) string {
	for line := range strings.Lines(string(out)) {
		if strings.HasSuffix(strings.TrimSpace(line), "destroyed.") || strings.HasPrefix(line, "No changes.") {
			return ": " + strings.TrimSpace(line)
		}
	}
	return ""
}

func (tf *terraform) must(args ...string) {
	tf.t.Helper()
	if out, code := tf.run(args...); code != 0 {
		tf.t.Fatalf("terraform %s ended with %d:\n%s", args[0], code, out)
	}
}

// serve starts an account without resources, which ends with the test.
// endpoint is where the embedded AWS listens, and the key that drives it.
type endpoint struct {
	URL             string `json:"endpoint"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
}

func serve(t *testing.T) endpoint {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ringspan-local")
	build := exec.Command("go", "build", "-o", program, "./cmd/ringspan-local")
	build.Dir = "../../local"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building ringspan-local: %v\n%s", err, out)
	}
	cmd := exec.Command(program, "serve", "--listen", "127.0.0.1:0", "-o", "json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var hello endpoint
	if err := json.NewDecoder(out).Decode(&hello); err != nil || hello.URL == "" {
		t.Fatalf("serve did not say where it listens: %v\n%s", err, &stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return hello
}

// get asks the cloud itself, below /_cloud/.
func (e endpoint) get(t *testing.T, name string, out any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+"/_cloud/"+name, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(e.AccessKeyID, e.SecretAccessKey)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// left lists what the account holds beside what every account has from AWS.
func left(t *testing.T, e endpoint) (all []string) {
	t.Helper()
	var resources map[string][]string
	e.get(t, "resources", &resources)
	for region, names := range resources {
		for _, n := range names {
			if !strings.HasPrefix(n, "dopt-") && !strings.Contains(n, "AWSServiceRole") {
				all = append(all, region+" "+n)
			}
		}
	}
	slices.Sort(all)
	return all
}

// calls is how many the account has got so far.
func calls(t *testing.T, e endpoint) (n int) {
	t.Helper()
	var all []struct{ Count int }
	e.get(t, "calls", &all)
	for _, c := range all {
		n += c.Count
	}
	return n
}
