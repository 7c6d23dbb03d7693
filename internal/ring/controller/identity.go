package controller

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/ring"
)

// reasonTwoRings is one of the condition Diverged.
const reasonTwoRings = "TwoRings"

// newID is a ring's, given once.
func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// identify gives the copy its ring's id, if it carries none and the id is known, and tells whether it did.
func (p *pass) identify(ctx context.Context, copies []federation.Copy) (given bool, err error) {
	if p.k.Annotations[api.RingIDAnnotation] != "" {
		return false, nil
	}
	there, err := p.ringOfDatacenters(ctx, p.key())
	if err != nil {
		return false, err
	}
	id := federation.Identify(ring.Kind.Copy(p.Region, p.k), copies, there, p.key().String(), p.k.Annotations[federation.OriginAnnotation])
	if id == "" {
		return false, nil
	}
	if p.k.Annotations == nil {
		p.k.Annotations = map[string]string{}
	}
	p.k.Annotations[api.RingIDAnnotation] = id
	return true, nil
}

// identifyFirst gives a copy that is being deleted its id: without one, another ring of the name would overrule its deletion.
func (p *pass) identifyFirst(ctx context.Context) (written bool, err error) {
	before := p.k.DeepCopy()
	copies, _ := p.copies(p.key())
	given, err := p.identify(ctx, copies)
	if !given || err != nil {
		return false, err
	}
	return true, p.patch(ctx, before)
}

// ringOfDatacenters is the id that this region's datacenters of a name carry; "" when they have none, or not one.
func (p *pass) ringOfDatacenters(ctx context.Context, name types.NamespacedName) (string, error) {
	list, err := p.datacenters(ctx, name)
	if err != nil {
		return "", err
	}
	id := ""
	for i := range list {
		one := list[i].Annotations[cassandra.RingIDAnnotation]
		if id != "" && one != "" && one != id {
			return "", nil
		}
		id = orElse(id, one)
	}
	return id, nil
}

// tellHomeless says, on this region's datacenters that have no copy of their ring, why none is taken over.
func (p *pass) tellHomeless(datacenters []cassandra.CassandraDatacenter, name types.NamespacedName, copies []federation.Copy) {
	var others []string
	for _, c := range copies {
		others = append(others, fmt.Sprintf("%s has %s", c.Region, orNone(c.ID)))
	}
	for i := range datacenters {
		dc := &datacenters[i]
		p.Events.Eventf(dc, nil, corev1.EventTypeWarning, reasonTwoRings, "Reconcile",
			"no copy of ring %s is taken over for this datacenter, because it is not known to be of the same ring: its id is %s, region %s; the annotation %s says which it is of",
			name, orNone(dc.Annotations[cassandra.RingIDAnnotation]), strings.Join(others, ", "), cassandra.RingIDAnnotation)
	}
}

// twoRings says what a person can do.
func (p *pass) twoRings(other federation.Copy) string {
	own := p.k.Annotations[api.RingIDAnnotation]
	return fmt.Sprintf("region %s has another ring of this name: its id is %s, the one here is %s. Nothing is changed in either. "+
		"Delete the ring that should go, in its region: its own datacenters go with it, the other ring's stay. "+
		"If they are one ring after all, set the annotation %s of one to the other's id, and then choose between them",
		other.Region, other.ID, own, api.RingIDAnnotation)
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
