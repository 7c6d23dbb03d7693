package network

import (
	"slices"
	"testing"
)

// Every line says what it is for, and no two open the same.
func TestProfileIsWhole(t *testing.T) {
	names, ports := map[string]bool{}, map[string]bool{}
	for _, p := range Profile() {
		if p.Name == "" || p.Use == "" || p.Need == "" || p.To == "" || names[p.Name] || ports[p.String()] {
			t.Errorf("%+v lacks something or is there twice", p)
		}
		names[p.Name], ports[p.String()] = true, true
	}
}

func TestOpened(t *testing.T) {
	var all []string
	for _, p := range Opened() {
		all = append(all, p.String())
	}
	want := []string{"tcp/7000", "tcp/7001", "tcp/9042", "tcp/9142", "tcp/9000", "tcp/9103", "tcp/443", "icmp/3.4"}
	if !slices.Equal(all, want) {
		t.Errorf("opened are %v, want %v: the management API, its probes, JMX and Thrift never are", all, want)
	}
}
