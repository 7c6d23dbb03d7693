package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// awsRegions are those of the measured fleets, in their order.
var awsRegions = []string{"eu-west-1", "eu-central-1", "us-east-1", "us-east-2", "us-west-2", "eu-west-2", "eu-west-3", "eu-north-1", "ap-south-1", "ap-southeast-1"}

// awsRun measures `ringspan` against the embedded AWS, whose waits are off: the
// plan of three regions that are as they should be, and the network of ten.
func awsRun(home string, f *figures) error {
	home = filepath.Join(home, "aws") // what is known of these fleets concerns no other one
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(home)
	e, err := serveAWS("none")
	if err != nil {
		return err
	}
	defer e.stop()
	three, err := awsFleet(home, "three", awsRegions[:3])
	if err != nil {
		return err
	}
	if err := e.measure(f, "", home, "up", three, "--infrastructure-only"); err != nil {
		return err
	}
	if err := e.measure(f, "aws, plan of 3 converged regions with clusters", home, "plan", three); err != nil {
		return err
	}
	for _, plane := range []string{"none", "lab"} {
		if err := awsNetwork(home, plane, f); err != nil {
			return fmt.Errorf("plane %s: %w", plane, err)
		}
	}
	return nil
}

// awsNetwork makes the network of ten regions, of which each peers with each, and
// deletes it.
func awsNetwork(home, plane string, f *figures) error {
	e, err := serveAWS(plane)
	if err != nil {
		return err
	}
	defer e.stop()
	ten, err := awsFleet(home, "ten", awsRegions)
	if err != nil {
		return err
	}
	before, err := e.resources()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("aws, plane %s, up of 10 regions' network, 45 peerings", plane)
	if err := e.measure(f, name, home, "up", ten, "--network-only"); err != nil {
		return err
	}
	made, err := e.resources()
	if err != nil {
		return err
	}
	f.add("  ids in the account afterwards, those included that AWS makes by itself: plane "+plane, float64(made-before))
	if err := e.measure(f, fmt.Sprintf("aws, plane %s, down of it", plane), home, "down", "-f", ten); err != nil {
		return err
	}
	left, err := e.resources()
	if err == nil && left > before+len(awsRegions) { // each region keeps the options of DHCP that every account has
		err = fmt.Errorf("down left %d of %d ids", left-before, made-before)
	}
	return err
}

func awsFleet(home, name string, regions []string) (file string, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: %s}\nspec:\n  provider: aws\n  regions:\n", name)
	for _, r := range regions {
		fmt.Fprintf(&b, "    - {name: %s}\n", r)
	}
	file = filepath.Join(home, name+".yaml")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// endpoint is a running embedded AWS with an account of its own.
type endpoint struct {
	url           string
	keyID, secret string // the account's own, which drive the cloud
	stop          func()
}

func serveAWS(plane string) (*endpoint, error) {
	cmd := exec.Command("bin/ringspan-local", "serve", "--listen", "127.0.0.1:0", "--plane", plane, "-o", "json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
	var hello struct{ Endpoint, AccessKeyID, SecretAccessKey string }
	if err := json.NewDecoder(out).Decode(&hello); err != nil || hello.Endpoint == "" {
		stop()
		return nil, fmt.Errorf("ringspan-local serve did not say where it listens: %w\n%s", err, &stderr)
	}
	return &endpoint{hello.Endpoint, hello.AccessKeyID, hello.SecretAccessKey, stop}, nil
}

// measure runs a command, and adds its time and its calls as figures unless name
// is empty.
func (e *endpoint) measure(f *figures, name, home string, args ...string) error {
	if err := e.drive(http.MethodDelete, "calls", nil); err != nil {
		return err
	}
	cmd := ringspan(home, append(args, "--endpoint", e.url)...)
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_PROFILE=", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+filepath.Join(home, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(home, "none"))
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begin)
	if err != nil {
		return fmt.Errorf("ringspan %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	var calls []struct{ Count int }
	if err := e.drive(http.MethodGet, "calls", &calls); err != nil || name == "" {
		return err
	}
	n := 0
	for _, c := range calls {
		n += c.Count
	}
	f.add(name+": s", took.Seconds())
	f.add("  calls of AWS's API: "+name, float64(n))
	return nil
}

// resources counts the ids that the account holds.
func (e *endpoint) resources() (int, error) {
	var all map[string][]string
	err := e.drive(http.MethodGet, "resources", &all)
	n := 0
	for _, ids := range all {
		n += len(ids)
	}
	return n, err
}

// drive makes a call below /_cloud/.
func (e *endpoint) drive(method, path string, out any) error {
	r, err := http.NewRequest(method, e.url+"/_cloud/"+path, nil)
	if err != nil {
		return err
	}
	r.SetBasicAuth(e.keyID, e.secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return errors.New(path + ": " + answer.Status)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}
