package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/region"
)

// copyOf is a ring's copy in a region.
func copyOf(in, id string, change ...func(*k8ssandra.K8ssandraCluster)) copyIn {
	c := copyIn{region: region.Region{Name: in}}
	c.object.Namespace, c.object.Name, c.object.UID = "ns", "ring", types.UID(in+id)
	c.object.Annotations = map[string]string{}
	if id != "" {
		c.object.Annotations[k8ssandra.RingIDAnnotation] = id
	}
	for _, f := range change {
		f(&c.object)
	}
	return c
}

func byUp(k *k8ssandra.K8ssandraCluster) {
	k.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: string(lifecycle.FieldOwner), Operation: metav1.ManagedFieldsOperationApply}}
}

func going(k *k8ssandra.K8ssandraCluster) {
	k.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
}

func asked(k *k8ssandra.K8ssandraCluster) {
	going(k)
	k.Annotations[deletion.Annotation] = deletion.Asked
}

func lost(k *k8ssandra.K8ssandraCluster) {
	going(k)
	k.Annotations[deletion.Annotation] = deletion.Lost
}

func hasSeen(regions string) func(*k8ssandra.K8ssandraCluster) {
	return func(k *k8ssandra.K8ssandraCluster) { k.Annotations[federation.RegionsAnnotation] = regions }
}

func holding(copies ...copyIn) held {
	h := held{rings: map[string][]copyIn{}}
	for _, c := range copies {
		h.rings[identity(&c.object)] = append(h.rings[identity(&c.object)], c)
	}
	return h
}

func TestWhichRingsAreDowns(t *testing.T) {
	for name, test := range map[string]struct {
		held held
		want []string // in the refusal; none means that down goes on
	}{
		"up made one copy, the others follow":        {holding(copyOf("west", "1", byUp), copyOf("central", "1")), nil},
		"nobody knows who made it":                   {holding(copyOf("west", "1"), copyOf("central", "1")), []string{"ring ns/ring was not made by"}},
		"up made one of two rings of the name":       {holding(copyOf("west", "1", byUp), copyOf("central", "2")), []string{"ring ns/ring (the one in central) was not made by"}},
		"copies without an id may be of two rings":   {holding(copyOf("west", "", byUp), copyOf("central", "")), []string{"ring ns/ring (the one in central) was not made by"}},
		"a former down was interrupted":              {holding(copyOf("central", "1", asked)), nil},
		"one copy is going, another one isn't":       {holding(copyOf("west", "1"), copyOf("central", "1", asked)), []string{"was not made by"}},
		"it is going, and nobody knows why":          {holding(copyOf("central", "1", going)), []string{"was not made by"}},
		"it was lost":                                {holding(copyOf("central", "1", lost)), []string{"was not made by"}},
		"a copy has seen one in a region not asked":  {holding(copyOf("west", "1", byUp, hasSeen("central=u east=v"))), []string{"ring ns/ring is also in region east,"}},
		"its regions are those that are asked":       {holding(copyOf("west", "1", byUp, hasSeen("central=u"))), nil},
		"one of a former down was in one, not asked": {holding(copyOf("west", "1", asked, hasSeen("east=v"))), []string{"is also in region east,"}},
	} {
		err := test.held.refuse([]string{"west", "central"})
		if len(test.want) == 0 && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		says(t, name, err, test.want...)
	}
}

// Only the very name, typed by a person, is agreement.
func TestTheNameIsAskedFor(t *testing.T) {
	for said, agreed := range map[string]bool{"theirs\n": true, " theirs \n": true, "theirs": true, "yes\n": false, "": false, "other\n": false} {
		var out bytes.Buffer
		err := askForName(t.Context(), strings.NewReader(said), &out, "Type it: ", "theirs")
		if agreed != (err == nil) || err != nil && !errors.Is(err, errOtherName) || out.String() != "Type it: " {
			t.Errorf("%q: %v, %q", said, err, &out)
		}
	}
}
