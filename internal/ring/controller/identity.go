package controller

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
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
	id := federation.Identify(copyOf(p.Region, p.k), copies, there, p.key().String(), p.k.Annotations[originAnnotation])
	if id == "" {
		return false, nil
	}
	if p.k.Annotations == nil {
		p.k.Annotations = map[string]string{}
	}
	p.k.Annotations[api.RingIDAnnotation] = id
	return true, nil
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
