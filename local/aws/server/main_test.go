package server_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/ringspan/ringspan/local/aws/server"
	"github.com/ringspan/ringspan/local/aws/world"
)

// answered are the calls that some test got an answer of, over all tests.
var answered = struct {
	sync.Mutex
	calls map[string]bool
}{calls: map[string]bool{}}

func (c *cloud) note() {
	var calls []world.CallCount
	c.drive("GET", "calls", nil, &calls)
	answered.Lock()
	defer answered.Unlock()
	for _, k := range calls {
		if k.Count > k.Errors {
			answered.calls[k.Service+":"+k.Action] = true
		}
	}
}

// TestMain makes sure that all tests together make every call at least once
// with success.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && flag.Lookup("test.run").Value.String() == "" {
		if missing := untested(); len(missing) > 0 {
			fmt.Println("no test makes these calls with success:", missing)
			code = 1
		}
	}
	os.Exit(code)
}

func untested() []string {
	s, err := server.New(server.Options{World: world.Options{Account: account}})
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for service, actions := range s.Actions() {
		for _, a := range actions {
			if !answered.calls[service+":"+a] {
				out = append(out, service+":"+a)
			}
		}
	}
	slices.Sort(out)
	return out
}
