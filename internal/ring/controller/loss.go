package controller

import (
	"context"

	"github.com/ringspan/ringspan/internal/deletion"
)

// gone tells whether a datacenter of this region was there before and is not any more, although nobody agreed to that.
// It isn't made again without a person's word.
func (p *pass) gone(name string) bool {
	before, known := p.k.Status.Datacenters[name]
	return known && before.ContextName == p.Region && before.Cassandra != nil && p.k.Annotations[deletion.BringBack] != p.Region
}

// broughtBack takes the word away that let this region make its datacenters again: all of them are there.
func (p *pass) broughtBack(ctx context.Context) error {
	if p.k.Annotations[deletion.BringBack] != p.Region || len(p.errs) > 0 {
		return nil
	}
	for _, t := range p.k.Spec.Cassandra.Datacenters {
		if status, region := p.statusOf(ctx, t); region == p.Region && status == nil {
			return nil
		}
	}
	before := p.k.DeepCopy()
	delete(p.k.Annotations, deletion.BringBack)
	return patch(ctx, p.Client, p.k, before)
}
