package inventory

import (
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/aws/login"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/fleet/remote"
)

// Only what this program itself has written is a login that it can do without a call.
func TestOnlyOurOwnLoginIsSpared(t *testing.T) {
	for name, test := range map[string]struct {
		exec *clientcmdapi.ExecConfig
		ours bool
	}{
		"ours":                   {login.Exec("/bin/ringspan", "eu-west-1", "c"), true},
		"ours, of another cloud": {login.Exec("/bin/ringspan", "eu-west-1", "c", aws.EndpointFlag, "http://127.0.0.1:1"), true},
		"none":                   {nil, false},
		"no arguments":           {&clientcmdapi.ExecConfig{Command: "login"}, false},
		"another program's":      {&clientcmdapi.ExecConfig{Command: "vault", Args: []string{"token"}}, false},
		"with other flags":       {&clientcmdapi.ExecConfig{Command: "cloud", Args: []string{"token", "--region", "r", "--cluster", "c", "--project", "p"}}, false},
		"without a value":        {&clientcmdapi.ExecConfig{Command: "cloud", Args: []string{"token", "--region"}}, false},
	} {
		c := &rest.Config{ExecProvider: test.exec}
		logIn(c)
		if spared := test.exec != nil && c.ExecProvider == nil; spared != test.ours {
			t.Errorf("%s: spared is %t", name, spared)
		}
	}
}

// Of clusters of others the login is theirs, whatever it is called with.
func TestOthersLoginIsTheirs(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	f, err := OpenExisting("theirs", "/k")
	if err != nil {
		t.Fatal(err)
	}
	c := clientcmdapi.NewConfig()
	c.Clusters["west"] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}
	c.AuthInfos["west"] = &clientcmdapi.AuthInfo{Exec: login.Exec("eks-login", "eu-west-1", "c")}
	c.Contexts["west"] = &clientcmdapi.Context{Cluster: "west", AuthInfo: "west"}
	data, err := clientcmd.Write(*c)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(data); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		fleet  Fleet
		theirs bool
	}{{f, true}, {AWS{&remote.Fleet{}}, false}} {
		file, err := clientcmd.LoadFromFile(f.Kubeconfig())
		if err != nil {
			t.Fatal(err)
		}
		all, err := regionsIn(file, test.fleet.LogsIn())
		if err != nil || len(all) != 1 || (all[0].Config.ExecProvider != nil) != test.theirs {
			t.Errorf("%T: %+v %v", test.fleet, all, err)
		}
	}
}

// A region that doesn't answer keeps the context that was saved, and is not forgotten.
func TestASilentRegionStaysAsItWasSaved(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	f, err := OpenExisting("theirs", "/k")
	if err != nil {
		t.Fatal(err)
	}
	save := func(servers, ids map[string]string) *clientcmdapi.Config {
		t.Helper()
		p, endpoints := contextsOf(servers)
		if err := f.SaveKubeconfig(p, endpoints, ids); err != nil {
			t.Fatal(err)
		}
		saved, err := clientcmd.LoadFromFile(f.Kubeconfig())
		if err != nil {
			t.Fatal(err)
		}
		if f, err = OpenExisting("theirs", "/k"); err != nil {
			t.Fatal(err)
		}
		return saved
	}
	save(map[string]string{"west": "https://w1", "central": "https://c1"}, map[string]string{"west": "W"})
	if f.Clusters["west"] != "W" || len(f.Clusters) != 2 || f.Clusters["central"] != "" {
		t.Errorf("%v", f.Clusters)
	}
	saved := save(map[string]string{"west": "https://w2", "central": "https://c2"}, map[string]string{"central": "C"})
	if saved.Clusters["west"].Server != "https://w1" || saved.Clusters["central"].Server != "https://c2" || f.Clusters["west"] != "W" || f.Clusters["central"] != "C" {
		t.Errorf("%v %+v", f.Clusters, saved.Clusters)
	}
	if err := f.RefuseDropped([]string{"west"}); err == nil {
		t.Error("a region that was saved is left out without a word")
	}
	if err := f.RefuseDropped([]string{"central", "east", "west"}); err != nil {
		t.Error(err)
	}
	p, fewer := contextsOf(map[string]string{"west": "https://w3"})
	if err := f.SaveKubeconfig(p, fewer, map[string]string{"west": "W"}); err == nil {
		t.Error("a region is forgotten without a word")
	}
	f.Clusters = nil // as the version before wrote it
	if err := f.RefuseDropped([]string{"west"}); err == nil {
		t.Error("a region that was saved before is left out without a word")
	}
}

// saver is a provider that only has credentials.
type saver struct {
	provision.Provider

	servers map[string]string
}

func (saver) Account() string { return "/k" }

func (s saver) Credentials(_ string, e provision.Endpoint) (*clientcmdapi.Cluster, *clientcmdapi.AuthInfo) {
	return &clientcmdapi.Cluster{Server: s.servers[e.Region]}, clientcmdapi.NewAuthInfo()
}

func contextsOf(servers map[string]string) (s saver, all []provision.Endpoint) {
	for region := range servers {
		all = append(all, provision.Endpoint{Region: region})
	}
	return saver{servers: servers}, all
}
