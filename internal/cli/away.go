package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/aws/login"
	"github.com/ringspan/ringspan/internal/fleet/remote"
)

// save writes what this machine keeps of a fleet in AWS: a kubeconfig in which
// this program logs in, with the credentials of whoever uses it.
func (a away) save(endpoints []aws.Endpoint) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return err
	}
	var more []string
	if a.Endpoint != "" {
		more = []string{"--endpoint", a.Endpoint}
	}
	c := clientcmdapi.NewConfig()
	for _, e := range endpoints {
		c.Clusters[e.Region] = &clientcmdapi.Cluster{Server: e.Server, CertificateAuthorityData: e.CA}
		c.AuthInfos[e.Region] = &clientcmdapi.AuthInfo{Exec: login.Exec(self, e.Region, e.Cluster, more...)}
		c.Contexts[e.Region] = &clientcmdapi.Context{Cluster: e.Region, AuthInfo: e.Region}
	}
	if len(endpoints) > 0 {
		c.CurrentContext = endpoints[0].Region
	}
	data, err := clientcmd.Write(*c)
	if err != nil {
		return err
	}
	return a.Save(data)
}

// writeKubeconfig asks AWS how a fleet's clusters are reached, and keeps it.
func writeKubeconfig(ctx context.Context, c *aws.Cloud, fleet string, spec *fleetv1.FleetSpec, endpoint string) error {
	home, err := remote.New(fleet, remote.Record{Account: c.Account, Endpoint: endpoint})
	if err != nil {
		return err
	}
	endpoints, err := c.Endpoints(ctx, fleet, spec)
	if err != nil {
		return err
	}
	return away{home}.save(endpoints)
}

// embeddedTimeout bounds the question what kind of cloud answers.
const embeddedTimeout = 5 * time.Second

// embeddedImages is where a cloud of ringspan-local on this machine has its nodes
// take their images from; "" for every other cloud.
func embeddedImages(ctx context.Context, endpoint string) (string, error) {
	if endpoint == "" {
		endpoint = os.Getenv("AWS_ENDPOINT_URL")
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "", nil // AWS itself, or what the SDK will complain about
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, embeddedTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath("/_cloud/images").String(), http.NoBody) //nolint:gosec // on this machine, as was checked above
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request) //nolint:gosec // see above
	if err != nil {
		return "", fmt.Errorf("nobody answers at %s: %w", endpoint, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", nil // another cloud than ours
	}
	var images struct{ Dir string }
	if err := json.NewDecoder(answer.Body).Decode(&images); err != nil {
		return "", errors.Join(fmt.Errorf("%s/_cloud/images", endpoint), err)
	}
	return images.Dir, nil
}
