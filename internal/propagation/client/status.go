package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"text/tabwriter"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Row is what one region made of one Propagation.
type Row struct {
	Namespace string                 `json:"namespace"`
	Name      string                 `json:"name"`
	Object    string                 `json:"object"`
	Region    string                 `json:"region"`
	Status    metav1.ConditionStatus `json:"status"`
	Reason    string                 `json:"reason"`
	Message   string                 `json:"message,omitempty"`
}

// Status asks all regions at once. What a region says of itself counts; of one that doesn't answer is told what the others
// say, and its error comes beside.
func Status(ctx context.Context, regions []Region, namespace, name string) (rows []Row, away []error, err error) {
	lists, errs := make([]api.PropagationList, len(regions)), make([]error, len(regions))
	var group sync.WaitGroup
	for i, r := range regions {
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, answerLimit)
			defer cancel()
			if err := r.Kube.List(ask, &lists[i], client.InNamespace(namespace)); err != nil {
				errs[i] = fmt.Errorf("region %s: %w", r.Name, err)
			}
		})
	}
	group.Wait()
	away = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(away) == len(regions) {
		return nil, nil, errors.Join(away...)
	}
	found := map[string]Row{}
	for i := range lists {
		for j := range lists[i].Items {
			if p := &lists[i].Items[j]; name == "" || p.Name == name {
				add(found, regions[i].Name, p)
			}
		}
	}
	rows = slices.SortedFunc(maps.Values(found), func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Region, b.Region))
	})
	return rows, away, nil
}

// add takes a copy's entries: those of its own region always, others where nothing is known yet.
func add(found map[string]Row, region string, p *api.Propagation) {
	for _, e := range p.Status.Regions {
		key := p.Namespace + "/" + p.Name + "/" + e.Name
		if _, known := found[key]; known && e.Name != region {
			continue
		}
		row := Row{Namespace: p.Namespace, Name: p.Name, Region: e.Name, Status: e.Status, Reason: e.Reason, Message: e.Message}
		if o := p.Status.Object; o != nil {
			row.Object = o.Kind + "/" + o.Name
		}
		found[key] = row
	}
}

// Table prints rows for people.
func Table(out io.Writer, rows []Row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAMESPACE\tNAME\tOBJECT\tREGION\tREASON\tMESSAGE")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Namespace, r.Name, r.Object, r.Region, r.Reason, r.Message)
	}
	return w.Flush()
}
