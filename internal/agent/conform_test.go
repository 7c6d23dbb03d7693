package agent

import (
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
)

// The agent behind its HTTP API, with a fake JVM, and the fake ring that
// controllers are tested with pass one test.
func TestTheAgentConforms(t *testing.T) {
	c := testConfig(t, &output{})
	_, client, _ := serve(t, c)
	fake.Conform(t, fake.Subject{
		Node: client, Address: c.Address, Datacenter: "dc1", Rack: c.Rack, Tokens: []string{"-5", "7"},
		Settle: func() { time.Sleep(10 * time.Millisecond) }, Patience: patience,
	})
}
