package world

import (
	"fmt"
	"testing"
	"time"
)

func TestFaultsStrikeWhenTheyShould(t *testing.T) {
	create, other := CallName{"ec2", "CreateVpc", "eu-west-1"}, CallName{"ec2", "DeleteVpc", "eu-west-1"}
	for _, c := range []struct {
		fault Fault
		want  string // of eight calls, those that fail
	}{
		{Fault{}, "1"},
		{Fault{Nth: 3}, "3"},
		{Fault{Nth: 3, Times: 2}, "34"},
		{Fault{Nth: 6, Times: -1}, "678"},
		{Fault{Nth: 3, Every: true}, "36"},
		{Fault{Nth: 2, Every: true, Times: 2}, "24"},
		{Fault{Action: "createvpc", Service: "*", Region: "eu-west-1", Nth: 2}, "2"},
		{Fault{Region: "us-east-1"}, ""},
		{Fault{Action: "DeleteVpc"}, ""},
	} {
		got := ""
		for i := range 8 {
			if c.fault.strikes(create) {
				got += fmt.Sprint(i + 1)
			}
			if c.fault.Action != "" && c.fault.Action != "DeleteVpc" && c.fault.strikes(other) {
				t.Errorf("%+v strikes another action", c.fault)
			}
		}
		if got != c.want {
			t.Errorf("%+v strikes %q, want %q", c.fault, got, c.want)
		}
	}
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	for _, f := range []Fault{{}, {Code: "X", Drop: "after"}, {Drop: "sometimes"}, {Code: "X", Nth: -1}, {Code: "X", Every: true}, {Code: "X", Times: -2}} {
		if f.Check() == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

func TestTablesKeepTheirOrder(t *testing.T) {
	var table Table[string]
	for _, s := range []string{"c", "a", "b"} {
		table.Put(s, &s)
	}
	table.Delete("a")
	again := "a"
	table.Put("a", &again)
	got := ""
	for _, s := range table.All() {
		got += *s
	}
	if got != "cba" {
		t.Errorf("the order is %s", got)
	}
	if rows := table.After(3); len(rows) != 1 || *rows[0].Value != "a" {
		t.Errorf("after the third: %v", rows)
	}
}

func TestWaits(t *testing.T) {
	for s, want := range map[string]time.Duration{"real": time.Minute, "none": 0, "60x": time.Second, "0.5x": 2 * time.Minute} {
		w, err := ParseWaits(s)
		if err != nil || w.Of(time.Minute) != want || w.String() != s {
			t.Errorf("%s: %v %s %v", s, w.Of(time.Minute), w, err)
		}
	}
	for _, s := range []string{"", "60", "x", "-1x", "0x", "NaNx", "infx"} {
		if w, err := ParseWaits(s); err == nil {
			t.Errorf("%q is taken as %s", s, w)
		}
	}
}
