package controller

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
)

// without is for a region that has no copy: it makes one of a peer's, or says why it doesn't. What is missing for that may
// come without news of a peer.
func (p *Pass) without(ctx context.Context) (outcome, time.Duration, error) {
	plan := p.Plan
	if plan.Homeless {
		p.tellHomeless()
	}
	switch {
	case plan.Lost:
		p.refuse(fmt.Sprintf("this region has lost its copy of it, which is not made again without a person's word: the annotation %s: %s on the copy of region %s",
			federation.BringBackAnnotation, p.Region, plan.Other.Region))
		return enough, later, nil
	case plan.Verb != federation.TakeOver:
		return enough, 0, nil
	}
	missing, err := p.missingToTakeOver(ctx)
	if err == nil && missing == "" {
		missing, err = p.takeOver(ctx)
	}
	if missing == "" {
		return enough, 0, err
	}
	p.refuse(missing)
	return enough, later, err
}

// takeOver makes a copy of an object that a peer has and this region has not, in a namespace that is made if need be, unless a
// part of its spec would be lost. why says what was in the way.
func (p *Pass) takeOver(ctx context.Context) (why string, err error) {
	plan, made := p.Plan, p.Kind.New()
	made.SetNamespace(p.name.Namespace)
	made.SetName(p.name.Name)
	made.SetLabels(p.objects[plan.From].GetLabels())
	p.Object = made
	p.write()
	controllerutil.AddFinalizer(p.Object, p.Kind.Finalizer)
	lost, err := p.create(ctx)
	switch {
	case len(lost) > 0:
		p.Object = nil
		return fmt.Sprintf("the definition of a %s here doesn't know %s of it", p.Kind.Kind, strings.Join(lost, ", ")), nil
	case apierrors.IsAlreadyExists(err):
		p.Object = nil
		return "", nil
	case err != nil:
		p.Object = nil
		return err.Error(), err
	}
	log.FromContext(ctx).Info("taking the "+p.Kind.Noun+" over", "revision", plan.Head.String(), "from", plan.From)
	p.Events.Eventf(p.Object, nil, corev1.EventTypeNormal, "TakenOver", "Reconcile", "took the %s over from region %s at revision %s", p.Kind.Noun, plan.From, plan.Head.Revision)
	return "", nil
}

// create makes the copy, unless a part of its spec would be lost.
func (p *Pass) create(ctx context.Context) (lost []string, err error) {
	ns := &corev1.Namespace{}
	ns.Name = p.name.Namespace
	if err := p.Client.Create(ctx, ns); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, err
	}
	if lost, err := p.lostIfCreated(ctx); err != nil || len(lost) > 0 {
		return lost, err
	}
	return nil, p.Client.Create(ctx, p.Object)
}

// refuse says why an object isn't taken over from a region. There is no copy that could say it: the region's ClientConfig
// does, and the object's parts that are here.
func (p *Pass) refuse(why string) {
	region := p.Plan.Other.Region
	words := fmt.Sprintf("%s %s of region %s is not taken over: %s", p.Kind.Noun, p.name, region, why)
	p.Copies.Peers.Warn(region, "NotTakenOver", words)
	for _, part := range p.parts {
		p.Events.Eventf(part, nil, corev1.EventTypeWarning, "NotTakenOver", "Reconcile", "%s", words)
	}
}

// missingToTakeOver is the grant that an object of another region lacks to have its copy in the namespace of its name here; ""
// if none. Only namespaces where a pod can become anything need one.
func (p *Pass) missingToTakeOver(ctx context.Context) (string, error) {
	if !grant.Guarded(p.name.Namespace, p.Copies.Peers.Namespace) {
		return "", nil
	}
	ns := &corev1.Namespace{}
	err := p.Client.Get(ctx, client.ObjectKey{Name: p.name.Namespace}, ns)
	if apierrors.IsNotFound(err) {
		ns, err = nil, nil
	}
	a := grant.Asker{Kind: p.Kind.Grant, Namespace: p.name.Namespace, Name: p.name.Name}
	if err != nil || grant.Accepts(ns, a) {
		return "", err
	}
	return grant.Missing(p.Kind.Noun+" "+p.name.Name, p.Region, p.name.Namespace, ns, a), nil
}

// tellHomeless says, on this region's parts that have no copy of their object, why none is taken over.
func (p *Pass) tellHomeless() {
	var others []string
	for _, peer := range p.View.Peers {
		if !peer.Absent {
			others = append(others, fmt.Sprintf("%s has %s", peer.Region, orNone(peer.ID)))
		}
	}
	for _, part := range p.parts {
		p.Events.Eventf(part, nil, corev1.EventTypeWarning, "TwoRings", "Reconcile",
			"no copy of %s %s is taken over for this %s, because it is not known to be of the same %s: its id is %s, region %s; the annotation %s says which it is of",
			p.Kind.Noun, p.name, strings.TrimSuffix(p.Kind.Parts, "s"), p.Kind.Noun, orNone(p.Parts.ID(part)), strings.Join(others, ", "), p.Kind.ID)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
