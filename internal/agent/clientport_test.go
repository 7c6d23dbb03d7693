package agent

import (
	"errors"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// portOf asks for the story of the port for clients.
func portOf(t *testing.T, c *mgmtapi.Client) mgmtapi.PortState {
	t.Helper()
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.ClientPort
}

func TestTheAgentKnowsWhoClosedThePort(t *testing.T) {
	_, client, _ := serve(t, testConfig(t, &output{}))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(want mgmtapi.PortState, why string) {
		t.Helper()
		if got := portOf(t, client); got != want {
			t.Errorf("%s: the port is %q, want %q", why, got, want)
		}
	}
	is(mgmtapi.PortUnknown, "without a JVM")
	must(client.Start(t.Context(), mgmtapi.StartOptions{NativeTransport: new(false)}))
	await(t, "running", running(t, client))
	is(mgmtapi.PortHeld, "started with the port closed")
	must(client.SetNativeTransport(t.Context(), true))
	is(mgmtapi.PortOpen, "opened")
	must(client.SetNativeTransport(t.Context(), false))
	is(mgmtapi.PortClosed, "closed by somebody")
	must(client.Stop(t.Context()))
	must(client.Start(t.Context(), mgmtapi.StartOptions{}))
	await(t, "running", running(t, client))
	is(mgmtapi.PortOpen, "an ordinary start opens it")
}

func TestANodeThatStoppedGossipSaysSo(t *testing.T) {
	a, client, _ := serve(t, testConfig(t, &output{}))
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	for _, stopped := range []bool{false, true} {
		if stopped {
			if err := exec(t.Context(), a.jmx, storageService, "stopGossiping", nil); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := client.Status(t.Context()); err != nil || s.GossipStopped != stopped {
			t.Errorf("gossip stopped: %t; the status is %+v, %v", stopped, s, err)
		}
	}
}

// Cassandra is NORMAL before its daemon can open the port.
func TestOpeningWaitsForTheEndOfTheStart(t *testing.T) {
	c := testConfig(t, &output{})
	c.Input.ExtraJVM = []string{"-Dfake.setup=3"}
	_, client, _ := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{NativeTransport: new(false)}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	if err := client.SetNativeTransport(t.Context(), true); err != nil {
		t.Errorf("a node that is a moment from the end of its start: %v", err)
	}
	if got := portOf(t, client); got != mgmtapi.PortOpen {
		t.Errorf("the port is %q", got)
	}
}

func TestAStartThatDoesNotEndIsNoFault(t *testing.T) {
	c := testConfig(t, &output{})
	c.Input.ExtraJVM = []string{"-Dfake.setup=1000000"}
	a, client, _ := serve(t, c)
	a.patience = 0
	if err := client.Start(t.Context(), mgmtapi.StartOptions{NativeTransport: new(false)}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	if err := client.SetNativeTransport(t.Context(), true); !errors.Is(err, mgmtapi.ErrUnavailable) {
		t.Errorf("it should be worth another try: %v", err)
	}
}
