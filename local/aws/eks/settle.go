package eks

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// agenda collects what changed, and when to come again.
type agenda struct {
	now     time.Time
	changed bool
	next    time.Time
}

// due says whether a moment has come, and remembers it otherwise.
func (g *agenda) due(t time.Time) bool {
	if t.IsZero() {
		return false
	}
	if t.After(g.now) {
		if g.next.IsZero() || t.Before(g.next) {
			g.next = t
		}
		return false
	}
	return true
}

// Settle moves every resource to the status that it has by now.
func (s *Service) Settle(now time.Time) (changed bool, next time.Time) {
	g := &agenda{now: now}
	for name := range s.state.Regions {
		a := s.In(name, "")
		for _, c := range a.region.Clusters.All() {
			a.settleCluster(g, c)
			a.settleUpdates(g, c)
			for _, d := range c.Addons.All() {
				a.settleAddon(g, c, d)
			}
			for _, n := range c.Nodegroups.All() {
				a.settleNodegroup(g, c, n)
			}
		}
	}
	return g.changed, g.next
}

func (a *API) settleUpdates(g *agenda, c *Cluster) {
	for _, u := range c.Updates.All() {
		if u.Status == inProgress && g.due(u.Due) {
			u.Status, g.changed = successful, true
		}
	}
}

func (a *API) settleCluster(g *agenda, c *Cluster) {
	if !g.due(c.Due) {
		return
	}
	switch c.Status {
	case creating:
		if a.finish(c) {
			c.Status, c.Due, g.changed = active, time.Time{}, true
		}
	case updating:
		c.Status, c.Due, g.changed = active, time.Time{}, true
	case deleting:
		if !a.bodies.has(c.id()) {
			a.dropClusterParts(c)
			a.region.Clusters.Delete(c.Name)
			g.changed = true
		}
	}
}

// finish gives a new cluster its endpoint, once there is one.
func (a *API) finish(c *Cluster) bool {
	end, ok := a.bodies.endpoint(c.id())
	if !ok {
		return false
	}
	if a.bodies == nil {
		end = a.noEndpoint()
	}
	issuer := strings.ToUpper(a.world.IDs.Hex(32))
	c.Identity = &Identity{OIDC{"https://oidc.eks." + a.region.Name + ".amazonaws.com/id/" + issuer}}
	c.Endpoint, c.CertificateAuthority = end.URL, Certificate{base64.StdEncoding.EncodeToString(end.CA)}
	return true
}

func (a *API) settleAddon(g *agenda, c *Cluster, d *Addon) {
	if d.Status == degraded && a.servesNodes(c) {
		d.Status, d.Health.Issues, g.changed = active, []Issue{}, true
	}
	if !g.due(d.Due) {
		return
	}
	key := c.id() + "/addons/" + d.AddonName
	k, _ := addonKindOf(d.AddonName)
	switch {
	case d.Status == deleting && !a.bodies.has(key):
		c.Addons.Delete(d.AddonName)
		g.changed = true
	case d.Status == deleting || !a.bodies.done(key):
	case k.needs && !a.servesNodes(c):
		d.Status, d.Due, g.changed = degraded, time.Time{}, true
		d.Health.Issues = []Issue{{"InsufficientNumberOfReplicas", "The add-on is unhealthy because it doesn't have the desired number of replicas.", nil}}
	default:
		d.Status, d.Due, g.changed = active, time.Time{}, true
	}
}

// servesNodes says whether a cluster has machines for pods.
func (a *API) servesNodes(c *Cluster) bool {
	for _, n := range c.Nodegroups.All() {
		if (n.Status == active || n.Status == updating) && len(n.Machines) > 0 {
			return true
		}
	}
	return false
}

func (a *API) settleNodegroup(g *agenda, c *Cluster, n *Nodegroup) {
	a.replaceEnded(g, c, n)
	if !g.due(n.Due) {
		return
	}
	switch n.Status {
	case creating, updating:
		a.settleNew(g, c, n)
	case deleting:
		for _, id := range n.Machines {
			if !a.ec2.Ended(id) || a.bodies.has(c.id()+"/nodes/"+id) {
				return
			}
		}
		c.Nodegroups.Delete(n.NodegroupName)
		g.changed = true
	}
}

func (a *API) settleNew(g *agenda, c *Cluster, n *Nodegroup) {
	if why := a.cannotJoin(c); why != "" && n.Status == creating {
		n.Status, n.Due, g.changed = createFailed, time.Time{}, true
		n.Health.Issues = []Issue{{"NodeCreationFailure", why, n.Machines}}
		return
	}
	for _, id := range n.Machines {
		if !a.ec2.Running(id) || !a.bodies.done(c.id()+"/nodes/"+id) {
			return
		}
	}
	n.Status, n.Due, g.changed = active, time.Time{}, true
}

// cannotJoin is why no machine of a cluster becomes ready, or "".
func (a *API) cannotJoin(c *Cluster) string {
	if !a.ec2.NodesCanJoin(c.ResourcesVpcConfig.VpcId) {
		return "Instances failed to join the kubernetes cluster: the VPC's DNS hostnames or DNS support are off"
	}
	if !c.SelfManaged && c.Addons.Get("vpc-cni") == nil {
		return "Unhealthy nodes in the kubernetes cluster: there is no network plugin; create the add-on vpc-cni first"
	}
	return ""
}

// replaceEnded starts machines in place of those that someone ended, as EC2
// Auto Scaling does.
func (a *API) replaceEnded(g *agenda, c *Cluster, n *Nodegroup) {
	if n.Status != active {
		return
	}
	left := slices.DeleteFunc(slices.Clone(n.Machines), a.ec2.Ended)
	if len(left) == len(n.Machines) {
		return
	}
	n.Machines, g.changed = left, true
	if nets, err := a.ec2.Subnets(n.Subnets); err == nil {
		_ = a.scale(c, n, nets) // what fails is tried again when another machine ends
	}
}
