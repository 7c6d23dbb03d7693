package lifecycle

import (
	"fmt"

	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/report"
)

// stepNews makes news of steps into lines and waits of a report.
func stepNews(to report.Reporter) func(provision.Event) {
	return func(e provision.Event) {
		s := report.Subject{Region: e.Step.Region, Name: e.Step.ID}
		switch {
		case e.Err != nil: // told at the end, with all others
			to.Wait(s, "")
		case e.Wait != "":
			to.Wait(s, e.Wait)
		default:
			to.Wait(s, "")
			to.Line(report.Subject{Region: e.Step.Region}, fmt.Sprintf("%s %s %s", e.Step.Verb, e.Step.Kind, e.Step.ID))
		}
	}
}
