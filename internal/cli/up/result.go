package up

import (
	"fmt"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// result is what `up -o json` prints.
type result struct {
	Fleet      string              `json:"fleet"`
	Kubeconfig string              `json:"kubeconfig,omitempty"`
	Error      string              `json:"error,omitempty"`
	Warnings   []string            `json:"warnings,omitempty"` // of what waits for somebody
	LeftOut    []lifecycle.LeftOut `json:"leftOut,omitempty"`  // what doesn't answer
	Seconds    float64             `json:"seconds"`
	Calls      int                 `json:"calls"` // of AWS's API
	Phases     []progress.Phase    `json:"phases"`
	Rings      []ringstatus.Status `json:"rings,omitempty"`

	summary string // of the calls
}

// show prints the result. What was left out makes the exit code another one.
func (u *run) show(r result) error {
	var err error
	if u.json {
		err = invocation.PrintJSON(u.out, r)
	} else {
		err = u.print(r)
	}
	if err == nil && len(r.LeftOut) > 0 {
		return invocation.Exit(invocation.ExitLeftOut)
	}
	return err
}

func sum(phases []progress.Phase) (seconds float64) {
	for _, p := range phases {
		seconds += p.Seconds
	}
	return seconds
}

// print shows the rings, what took how long, and what to try next.
func (u *run) print(r result) error {
	fmt.Fprintln(u.out)
	for _, s := range r.Rings {
		if err := ringstatus.Render(u.out, s); err != nil {
			return err
		}
		fmt.Fprintln(u.out)
	}
	for _, l := range r.LeftOut {
		fmt.Fprintf(u.out, "Left out: %s: %s\n", l.Name, l.Why)
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintln(u.out, "What is left out stays as it was. Run the same command again when it answers.")
		fmt.Fprintln(u.out)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(u.out, "Warning: %s\n\n", w)
	}
	for _, p := range r.Phases {
		fmt.Fprintf(u.out, "%7.1fs  %s\n", p.Seconds, p.Name)
	}
	fmt.Fprintf(u.out, "%7.1fs  in all\n", r.Seconds)
	fmt.Fprintf(u.out, "\n%s\n", r.summary)
	if u.bare() {
		_, err := fmt.Fprintf(u.out, "Fleet %s is as the file says, as far as was asked.\n", r.Fleet)
		return err
	}
	return u.next()
}

// next says what to try now, in the words of the user's own call.
func (u *run) next() error {
	me := invocation.Called("ringspan")
	if all, err := inventory.Names(); err == nil && len(all) > 1 {
		me += " --fleet " + u.file.Fleet.Name
	}
	down := "down"
	if u.file.Fleet.Spec.Provider != fleetv1.ProviderLocal {
		down = "down --fleet " + u.file.Fleet.Name
	}
	_, err := fmt.Fprintf(u.out, `
Try next:
  %[1]s status --watch
  %[1]s cql -e "SELECT cluster_name, data_center FROM system.local"
  %[1]s nodetool status
  export KUBECONFIG=$(%[1]s kubeconfig)
  %[2]s --context %[3]s get nodes,pods,svc,pvc -A -o wide
  %[1]s %[4]s
`, me, invocation.Called("kubectl"), u.file.Fleet.Spec.Regions[0].Name, down)
	return err
}
