package remote

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFleetsAreKnownUntilTheyAreForgotten(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	t.Setenv("RINGSPAN_HOME", home)
	if all, err := Names(); err != nil || len(all) != 0 {
		t.Fatalf("before the first one: %v, %v", all, err)
	}
	for _, name := range []string{"b", "a"} {
		f, err := New(name, Record{Account: "123456789012", Endpoint: "http://127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"old", "new"} {
			if err := f.Save([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if all, err := Names(); err != nil || !slices.Equal(all, []string{"a", "b"}) {
		t.Errorf("names: %v, %v", all, err)
	}
	f, err := Open("a")
	if err != nil || f.Account != "123456789012" || f.Endpoint != "http://127.0.0.1:1" || f.Name() != "a" {
		t.Fatalf("%+v, %v", f, err)
	}
	data, err := os.ReadFile(f.Kubeconfig())
	if err != nil || string(data) != "new" {
		t.Errorf("kubeconfig: %q, %v", data, err)
	}
	if info, err := os.Stat(f.Kubeconfig()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("kubeconfig: %v, %v", info, err)
	}
	for _, name := range []string{"a", "b", "b"} {
		f, err := New(name, Record{})
		if err == nil {
			err = f.Forget()
		}
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("something is left: %v", err)
	}
	if _, err := Open("a"); !os.IsNotExist(err) {
		t.Errorf("a forgotten fleet: %v", err)
	}
}

// Of two fleets of one name in different places, the second doesn't make this machine
// forget how the first is reached.
func TestAnotherProvidersFleetOfTheNameIsKept(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	first, err := New("a", Record{Account: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Save([]byte("aws")); err != nil {
		t.Fatal(err)
	}
	second, err := New("a", Record{Provider: Existing, Account: "/k"})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Save([]byte("theirs")); err == nil || !strings.Contains(err.Error(), "$RINGSPAN_HOME") {
		t.Errorf("the second was saved: %v", err)
	}
	if data, err := os.ReadFile(first.Kubeconfig()); err != nil || string(data) != "aws" {
		t.Errorf("%s %v", data, err)
	}
}

// A fleet is opened with all that is on record of it, whatever its file says now.
func TestWhatIsKnownComesFirst(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	r := Record{Provider: Existing, Account: "/k", Clusters: map[string]string{"west": "W", "central": ""}}
	for range 2 {
		f, err := OpenOrNew("a", r)
		if err != nil {
			t.Fatal(err)
		}
		if _, there := f.Clusters["central"]; f.Account != "/k" || f.Clusters["west"] != "W" || !there {
			t.Errorf("%+v", f.Record)
		}
		if err := f.Save([]byte("theirs")); err != nil {
			t.Fatal(err)
		}
		r = Record{Provider: Existing, Account: "/other"}
	}
	if _, err := OpenOrNew("a", Record{Account: "123456789012"}); err == nil || !strings.Contains(err.Error(), "$RINGSPAN_HOME") {
		t.Errorf("another provider's fleet of the name: %v", err)
	}
}
