package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ringspan/ringspan/local/cloud"
)

func TestServeSaysWhereItListens(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		f := &serveFlags{listen: "127.0.0.1:0", waits: "none", plane: "none", account: "123456789012", output: "json"}
		ended <- serve(ctx, t.TempDir(), f, write)
	}()
	var e cloud.Endpoint
	if err := json.NewDecoder(read).Decode(&e); err != nil {
		t.Fatal(err)
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Endpoint+"/_cloud/actions", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	ask.SetBasicAuth(e.AccessKeyID, e.SecretAccessKey)
	answer, err := http.DefaultClient.Do(ask)
	if err != nil || answer.StatusCode != http.StatusOK || e.AccessKeyID == "" {
		t.Errorf("%+v: %v", e, err)
	}
	if err == nil {
		_ = answer.Body.Close()
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestServeRefusesWrongFlags(t *testing.T) {
	for wrong, change := range map[string]func(*serveFlags){
		"waits":   func(f *serveFlags) { f.waits = "quick" },
		"lag":     func(f *serveFlags) { f.lag = -1 },
		"plane":   func(f *serveFlags) { f.plane = "moon" },
		"account": func(f *serveFlags) { f.account = "12" },
		"output":  func(f *serveFlags) { f.output = "yaml" },
	} {
		f := &serveFlags{waits: "none", plane: "none", account: "123456789012", output: "text"}
		change(f)
		if _, err := f.options(""); err == nil || !strings.Contains(err.Error(), "--"+wrong) {
			t.Errorf("a wrong --%s gives %v", wrong, err)
		}
	}
}
