package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/ring"
)

func hashObject(o client.Object) string {
	data, _ := json.Marshal(o) // API types: cannot fail
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// report recomputes the status and writes it when it says something new.
func (p *pass) report(ctx context.Context) (ready bool, err error) {
	status := api.K8ssandraClusterStatus{ObservedGeneration: p.k.Generation, Error: api.NoError, Datacenters: map[string]api.K8ssandraStatus{}, Peers: p.peerStatus()}
	if joined := errors.Join(p.errs...); joined != nil {
		status.Error = strings.ReplaceAll(joined.Error(), "\n", "; ")
	}
	ready, initialized := p.choice == "" && len(p.errs) == 0 && len(p.waits) == 0, true
	waits := append(append([]string{}, p.waits...), p.view.Behind()...)
	ready = ready && len(waits) == 0
	if p.k.Spec.Cassandra != nil {
		for _, t := range p.k.Spec.Cassandra.Datacenters {
			s, region := p.statusOf(ctx, t)
			if s == nil {
				ready, initialized = false, false
				waits = append(waits, orElse(p.missingElsewhere(region), p.missing(t.Metadata.Name, region, &status)))
				continue
			}
			status.Datacenters[t.Metadata.Name] = api.K8ssandraStatus{ContextName: region, Cassandra: s.DeepCopy()}
			initialized = initialized && s.IsTrue(cassandra.DatacenterInitialized)
			if !s.IsTrue(cassandra.DatacenterReady) && !t.Stopped {
				ready = false
				waits = append(waits, fmt.Sprintf("datacenter %s: %s", t.Metadata.Name, newsOf(s)))
			}
		}
	}
	status.Conditions = p.conditions(ready, initialized, waits, status.Error)
	if reflect.DeepEqual(asStored(status), asStored(p.k.Status)) {
		return ready, nil
	}
	before := p.k.Status
	p.k.Status = status
	if err := p.Client.Status().Update(ctx, p.k); err != nil {
		return ready, err
	}
	p.announce(before)
	return ready, nil
}

// missing says in words why a datacenter isn't there. What this region knew of one that it has lost stays in the status: it
// is how the next pass knows.
func (p *pass) missing(name, region string, status *api.K8ssandraClusterStatus) string {
	switch {
	case region == p.Region && p.gone(name):
		status.Datacenters[name] = p.k.Status.Datacenters[name]
		return fmt.Sprintf("datacenter %s, which region %s has lost: nobody agreed to its deletion, and it isn't made again without a person's word. "+
			"Set the annotation %s: %s on this copy to have it made again", name, region, deletion.BringBack, region)
	case region != p.Region && p.view.LostIn(region) != "":
		return fmt.Sprintf("datacenter %s, which region %s has lost", name, region)
	}
	return fmt.Sprintf("datacenter %s in region %s to be made", name, region)
}

func newsOf(s *cassandra.CassandraDatacenterStatus) string {
	if c := s.Condition(cassandra.DatacenterReady); c != nil && c.Message != "" {
		return c.Message
	}
	return "it is coming up"
}

func (p *pass) peerStatus() (all []api.PeerStatus) {
	for i := range p.peers {
		s := &p.peers[i]
		one := api.PeerStatus{Region: s.Region, Reachable: s.Reachable, Since: metav1.NewTime(s.Since.Truncate(time.Second)), Message: s.Message, Lost: p.view.LostIn(s.Region) != ""}
		for _, old := range p.k.Status.Peers { // a restart of this process is no news of the peer
			if old.Region == s.Region && old.Reachable == s.Reachable {
				one.Since = old.Since
			}
		}
		if k := copyAt(s, p.key()); k != nil {
			one.Revision = k.Annotations[api.RevisionAnnotation]
		}
		all = append(all, one)
	}
	return all
}

// away names the regions that can't be reached, with the reason where it is one that somebody here can mend.
func (p *pass) away() (all []string) {
	for i, s := range p.peerStatus() { // in the order of p.peers
		if s.Reachable {
			continue
		}
		text := fmt.Sprintf("region %s is unreachable since %s", s.Region, s.Since.UTC().Format(time.RFC3339))
		if p.peers[i].Client == nil {
			text += ": " + s.Message
		}
		all = append(all, text)
	}
	return all
}

func (p *pass) conditions(ready, initialized bool, waits []string, failure string) []api.K8ssandraClusterCondition {
	message := ""
	switch {
	case p.choice != "":
		message = p.choice
	case failure != api.NoError:
		message = failure
	case len(waits) > 0:
		message = strings.Join(waits, "; ")
	}
	away := p.away()
	all := []api.K8ssandraClusterCondition{
		p.condition(api.ClusterReady, ready, word(ready, "Ready", "Waiting"), message),
		p.condition(api.CassandraInitialized, initialized, word(initialized, "Initialized", "Waiting"), ""),
		p.condition(api.ClusterPeersReachable, len(away) == 0, word(len(away) == 0, "AllAnswer", "Unreachable"), strings.Join(away, "; ")),
		p.condition(api.ClusterDiverged, p.choice != "", word(p.choice == "", "Agreed", orElse(p.reason, "Diverged")), p.choice),
	}
	if len(p.ungranted) > 0 {
		all = append(all, p.condition(api.ClusterGrantMissing, true, "NotAccepted", strings.Join(p.ungranted, "; ")))
	}
	if c := p.overruled(); c != nil {
		all = append(all, *c)
	}
	if lost := p.view.Losses(); len(lost) > 0 {
		all = append(all, p.condition(api.ClusterRegionLost, true, federation.ReasonLost, strings.Join(lost, "; ")))
	}
	if fields := ring.NotActedOn(p.k); len(fields) > 0 {
		all = append(all, p.condition(api.ClusterFieldsNotActedOn, true, "NotActedOn", "not acted on: "+strings.Join(fields, ", ")))
	}
	return all
}

func (p *pass) condition(kind api.K8ssandraClusterConditionType, is bool, reason, message string) api.K8ssandraClusterCondition {
	return condition(p.k, p.Now(), kind, is, reason, message)
}

// overruled says, in the copy that stays, that a deletion in another region does not hold. It is told until the next edit.
func (p *pass) overruled() *api.K8ssandraClusterCondition {
	if words := p.view.Overruled(); words != "" {
		c := p.condition(api.ClusterDeleting, false, federation.ReasonOverruled, words)
		return &c
	}
	if old := p.k.Status.Condition(api.ClusterDeleting); old != nil && old.Reason == federation.ReasonOverruled && p.k.Status.ObservedGeneration == p.k.Generation {
		return old
	}
	return nil
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// announce tells of what has changed, as events.
func (p *pass) announce(before api.K8ssandraClusterStatus) {
	for _, c := range p.k.Status.Conditions {
		old := before.Condition(c.Type)
		if old != nil && old.Status == c.Status && old.Message == c.Message {
			continue
		}
		switch {
		case c.Type == api.ClusterFieldsNotActedOn, c.Type == api.ClusterRegionLost, c.Type == api.ClusterGrantMissing, c.Type == api.ClusterDiverged && c.Status == corev1.ConditionTrue, c.Type == api.ClusterDeleting,
			c.Type == api.ClusterPeersReachable && c.Status == corev1.ConditionFalse && (old == nil || old.Status != c.Status):
			p.Events.Eventf(p.k, nil, corev1.EventTypeWarning, c.Reason, "Reconcile", "%s", c.Message)
		case c.Type == api.ClusterReady && c.Status == corev1.ConditionTrue && (old == nil || old.Status != c.Status):
			p.Events.Eventf(p.k, nil, corev1.EventTypeNormal, "Ready", "Reconcile", "all datacenters serve")
		}
	}
	if p.k.Status.Error != before.Error && p.k.Status.Error != api.NoError {
		p.Events.Eventf(p.k, nil, corev1.EventTypeWarning, "Error", "Reconcile", "%s", p.k.Status.Error)
	}
}

// asStored is a value as the API server gives it back.
func asStored(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var out any
	_ = json.Unmarshal(data, &out) // it was just made
	return out
}
