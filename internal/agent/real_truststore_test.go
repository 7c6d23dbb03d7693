package agent

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// A node that encrypts what it sends to others reads its truststore again when it is asked to, and goes on with the old one
// when the new one is none.
func TestARealNodeReloadsItsTruststore(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Cassandra")
	}
	c := realConfig(t)
	store := filepath.Join(t.TempDir(), "store")
	keytool := osexec.CommandContext(t.Context(), filepath.Join(filepath.Dir(c.Java), "keytool"), "-genkeypair", "-keystore", store, "-storepass", "changeit",
		"-alias", "node", "-dname", "CN=node", "-keyalg", "EC", "-validity", "2")
	if out, err := keytool.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c.Input.CassandraYAML = map[string]any{"num_tokens": 2, "server_encryption_options": map[string]any{
		"internode_encryption": "all", "keystore": store, "keystore_password": "changeit", "truststore": store, "truststore_password": "changeit",
	}}
	_, client, base := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{FirstBoot: true}); err != nil {
		t.Fatal(err)
	}
	for end, up := time.Now().Add(realPatience), running(t, client); !up(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the node doesn't run; the log:\n%s", lastOf(c.Output.(*output).String()))
		}
	}
	reload := func(code int, answer string) {
		t.Helper()
		exchange{why: "reload", path: "POST /api/v0/ops/node/encryption/internode/truststore/reload", code: code, answer: answer}.try(t, base)
	}
	reload(200, "OK")
	good, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Dir(store), map[string][]byte{"store": []byte("rubbish")})
	reload(500, "server_encryption_options")
	write(t, filepath.Dir(store), map[string][]byte{"store": good})
	reload(200, "OK")
	if !running(t, client)() {
		t.Error("the node runs no more")
	}
	if log := c.Output.(*output).String(); strings.Contains(log, "changeit") {
		t.Error("the log has the store's password")
	}
}
