package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// awsFleet is a ring of one node in each of two regions of AWS.
const awsFleet = `
apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: cloudy}
spec:
  provider: aws
  regions:
    - {name: eu-west-1, cidr: 172.21.0.0/16}
    - {name: eu-central-1, cidr: 172.22.0.0/16}
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: small, namespace: default}
spec:
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    datacenters:
      - {metadata: {name: dc1}, k8sContext: eu-west-1, size: 1}
      - {metadata: {name: dc2}, k8sContext: eu-central-1, size: 1}
`

// account is an embedded AWS whose networks and clusters are real.
type account struct {
	url           string
	keyID, secret string // the account's own, which drive the cloud
	home          string
}

// open starts an account in a directory, and ends it with the test.
func open(t *testing.T, dir string) account {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "ringspan-local"), "serve", "--listen", "127.0.0.1:0", "--plane", "lab", "--state", filepath.Join(dir, "state"), "-o", "json")
	var words output
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Logf("the embedded AWS ended with %v: %s", err, &words)
		}
	})
	var e struct{ Endpoint, AccessKeyID, SecretAccessKey string }
	if err := json.NewDecoder(out).Decode(&e); err != nil {
		t.Fatalf("%v: %s", err, &words)
	}
	return account{e.Endpoint, e.AccessKeyID, e.SecretAccessKey, filepath.Join(dir, "home")}
}

func (a account) ringspan(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(bin, "ringspan"), args...)
	cmd.Env = append(os.Environ(), "RINGSPAN_HOME="+a.home, "AWS_ENDPOINT_URL="+a.url, "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// resources are what is left in the account, but for the roles that EKS makes for
// itself and keeps.
func (a account) resources(t *testing.T) (all []string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+"/_cloud/resources", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(a.keyID, a.secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var regions map[string][]string
	if err := json.NewDecoder(answer.Body).Decode(&regions); err != nil {
		t.Fatal(err)
	}
	for _, there := range regions {
		for _, r := range there {
			if !strings.Contains(r, ":role/aws-service-role/") {
				all = append(all, r)
			}
		}
	}
	return all
}

// From an empty account of AWS to a ring over two regions, and back to an empty
// account: one file, one command each way.
func TestARingInAWS(t *testing.T) {
	t.Parallel() // it has a cloud of its own
	dir := t.TempDir()
	a := open(t, dir)
	file := filepath.Join(dir, "fleet.yaml")
	if err := os.WriteFile(file, []byte(awsFleet), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := a.ringspan("up", file, "--timeout", "6m"); err != nil {
		t.Fatalf("up: %v\n%s", err, out)
	}
	out, err := a.ringspan("status", "-o", "json")
	if err != nil {
		t.Fatalf("status: %v\n%s", err, out)
	}
	var s ringStatus
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Nodes) != 2 || s.Nodes[0].State != "UN" || s.Nodes[1].State != "UN" || !s.Ready {
		t.Errorf("status: %s", out)
	}
	if out, err = a.ringspan("status"); err != nil || contains(out, "cloudy-eu-central-1") != nil || contains(out, "1 of 1 peerings are active") != nil {
		t.Errorf("status: %v\n%s", err, out)
	}
	for _, args := range [][]string{
		{"cql", "--region", "eu-west-1", "-e", "CREATE KEYSPACE shop WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1, 'dc2': 1}; CREATE TABLE shop.t (id int PRIMARY KEY)"},
		{"cql", "--region", "eu-west-1", "-e", "CONSISTENCY LOCAL_QUORUM; INSERT INTO shop.t (id) VALUES (42)"},
		{"doctor"},
	} {
		if out, err := a.ringspan(args...); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	err = poll(30*time.Second, func() error {
		out, err := a.ringspan("cql", "--region", "eu-central-1", "-e", "CONSISTENCY LOCAL_QUORUM; SELECT id FROM shop.t")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return contains(out, "42")
	})
	if err != nil {
		t.Error(err)
	}
	a.storesNoCredential(t)
	a.routeDeletedByHand(t, file)
	if out, err := a.ringspan("down"); err == nil || !strings.Contains(out, "--fleet cloudy") {
		t.Errorf("down without a name: %v %s", err, out)
	}
	if out, err := a.ringspan("down", "-f", file); err != nil || !strings.Contains(out, "nothing with its tag is left") {
		t.Fatalf("down: %v\n%s", err, out)
	}
	if left := a.resources(t); len(left) > 0 {
		t.Errorf("left in the account: %s", left)
	}
	if _, err := os.Stat(a.home); !os.IsNotExist(err) {
		t.Errorf("left on this machine: %s, %v", a.home, err)
	}
}

// routeDeletedByHand: who deletes a route between the regions is told by plan and
// by doctor, from the API and from packets, and up mends it.
func (a account) routeDeletedByHand(t *testing.T, file string) {
	t.Helper()
	west := ec2.New(ec2.Options{Region: "eu-west-1", BaseEndpoint: &a.url, Credentials: credentials.NewStaticCredentialsProvider("any", "any", "")})
	tables, err := west.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{Filters: []types.Filter{{Name: aws.String("route.destination-cidr-block"), Values: []string{"172.22.0.0/16"}}}})
	if err != nil || len(tables.RouteTables) == 0 {
		t.Fatalf("route tables: %+v, %v", tables, err)
	}
	for _, table := range tables.RouteTables {
		if _, err := west.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: table.RouteTableId, DestinationCidrBlock: aws.String("172.22.0.0/16")}); err != nil {
			t.Fatal(err)
		}
	}
	err = poll(20*time.Second, func() error { // until the packets follow
		out, err := a.ringspan("doctor")
		if err == nil {
			return fmt.Errorf("doctor finds nothing: %s", out)
		}
		return errors.Join(contains(out, "eu-west-1"), contains(out, "eu-central-1"))
	})
	if err != nil {
		t.Error(err)
	}
	out, err := a.ringspan("plan", file)
	if exit := (&exec.ExitError{}); !errors.As(err, &exit) || exit.ExitCode() != 2 || contains(out, "172.22.0.0/16") != nil {
		t.Errorf("plan: %v\n%s", err, out)
	}
	if out, err := a.ringspan("up", file, "--timeout", "3m"); err != nil {
		t.Errorf("up: %v\n%s", err, out)
	}
	err = poll(20*time.Second, func() error {
		out, err := a.ringspan("doctor")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// storesNoCredential looks for tokens and keys in what the operators and this
// machine keep to reach clusters: they come as roles of IAM, which sign anew.
func (a account) storesNoCredential(t *testing.T) {
	t.Helper()
	path, err := a.ringspan("kubeconfig")
	if err != nil {
		t.Fatalf("%v %s", err, path)
	}
	path = strings.TrimSpace(path)
	kubeconfig, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kubectl := exec.Command(filepath.Join(bin, "kubectl"), "--kubeconfig", path, "--context", "eu-west-1", "-n", "ringspan-system",
		"get", "secrets", "-o", "jsonpath={range .items[*]}{.metadata.name} {.type} {.data.kubeconfig}{\"\\n\"}{end}")
	kubectl.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any")
	secrets, err := kubectl.CombinedOutput()
	if err != nil {
		t.Fatalf("%v %s", err, secrets)
	}
	name, data, ok := strings.Cut(strings.TrimSpace(string(secrets)), " Opaque ")
	if !ok || name != "peer-eu-central-1-kubeconfig" {
		t.Fatalf("secrets of the operator: %s", secrets)
	}
	peer, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"kubeconfig": string(kubeconfig), "peer": string(peer)} {
		if !strings.Contains(text, "exec:") || strings.Contains(text, "token:") || strings.Contains(text, "client-key") || strings.Contains(text, "password") {
			t.Errorf("%s: %s", what, text)
		}
	}
}
