package ec2

import (
	"context"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// States of a peering connection ("VPC peering connection lifecycle", Amazon
// VPC Peering Guide).
const (
	pcxInitiating   = "initiating-request"
	pcxPending      = "pending-acceptance"
	pcxProvisioning = "provisioning"
	pcxActive       = "active"
	pcxFailed       = "failed"
	pcxRejected     = "rejected"
	pcxExpired      = "expired"
	pcxDeleting     = "deleting"
	pcxDeleted      = "deleted"
)

// How long the states last on AWS; the short ones about.
const (
	pcxStep          = 2 * time.Second
	pcxAcceptance    = 7 * 24 * time.Hour
	pcxListed        = 2 * time.Hour
	pcxExpiredListed = 48 * time.Hour
)

// Peering is a peering connection with both its sides.
type Peering struct {
	VpcPeeringConnectionId string
	Requester              VpcPeeringConnectionVpcInfo `wire:"requesterVpcInfo"`
	Accepter               VpcPeeringConnectionVpcInfo `wire:"accepterVpcInfo"`
	Status                 PeeringStatus
	ExpirationTime         time.Time
	Tagged                 // those of the region that asks

	TagsIn map[string]*[]Tag `wire:"-"` // by region: tags don't cross regions
	Due    time.Time         `wire:"-"` // when the state changes by itself
	Broken bool              `wire:"-"` // overlapping ranges, or no such VPC
}

// VpcPeeringConnectionVpcInfo is one side of a peering.
type VpcPeeringConnectionVpcInfo struct {
	VpcId, OwnerId, Region, CidrBlock string
	CidrBlockSet                      []CidrBlock
	PeeringOptions                    *PeeringOptions
}

// CidrBlock is a range as EC2 nests it.
type CidrBlock struct {
	CidrBlock string
}

// PeeringOptions are a side's switches.
type PeeringOptions struct {
	AllowDnsResolutionFromRemoteVpc, AllowEgressFromLocalClassicLinkToRemoteVpc, AllowEgressFromLocalVpcToRemoteClassicLink bool
}

// PeeringStatus is a state and what it says.
type PeeringStatus struct {
	Code, Message string
}

var peerings = &kind[Peering]{
	noun: "vpcPeeringConnection ID", code: "InvalidVpcPeeringConnectionID", prefix: "pcx",
	id:   func(p *Peering) string { return p.VpcPeeringConnectionId },
	tags: func(p *Peering) *[]Tag { return &p.Tags },
	filters: map[string]func(*API, *Peering) []string{
		"vpc-peering-connection-id":     of(func(p *Peering) string { return p.VpcPeeringConnectionId }),
		"status-code":                   of(func(p *Peering) string { return p.Status.Code }),
		"status-message":                of(func(p *Peering) string { return p.Status.Message }),
		"requester-vpc-info.vpc-id":     of(func(p *Peering) string { return p.Requester.VpcId }),
		"requester-vpc-info.cidr-block": of(func(p *Peering) string { return p.Requester.CidrBlock }),
		"requester-vpc-info.owner-id":   of(func(p *Peering) string { return p.Requester.OwnerId }),
		"accepter-vpc-info.vpc-id":      of(func(p *Peering) string { return p.Accepter.VpcId }),
		"accepter-vpc-info.cidr-block":  of(func(p *Peering) string { return p.Accepter.CidrBlock }),
		"accepter-vpc-info.owner-id":    of(func(p *Peering) string { return p.Accepter.OwnerId }),
	},
}

// open says whether a connection is or may become active.
func (p *Peering) open() bool {
	switch p.Status.Code {
	case pcxInitiating, pcxPending, pcxProvisioning, pcxActive:
		return true
	}
	return false
}

func (p *Peering) become(code, message string, due time.Time) {
	p.Status, p.Due = PeeringStatus{code, message}, due
}

// seenIn says whether a region's API shows the connection.
func (p *Peering) seenIn(region string) bool {
	return p.Requester.Region == region || p.Accepter.Region == region && p.Status.Code != pcxInitiating && !p.Broken
}

// tagsIn are a side's own tags. A list that was empty when the state was kept is
// none when it is read again.
func (p *Peering) tagsIn(region string) *[]Tag {
	if p.TagsIn[region] == nil {
		p.TagsIn[region] = &[]Tag{}
	}
	return p.TagsIn[region]
}

// CreateVpcPeeringConnectionInput is CreateVpcPeeringConnection's.
type CreateVpcPeeringConnectionInput struct {
	VpcId, PeerVpcId, PeerOwnerId, PeerRegion string
	TagSpecifications                         []TagSpecification `wire:"TagSpecification"`
}

// PeeringOutput shows a connection.
type PeeringOutput struct {
	VpcPeeringConnection *Peering
}

// CreateVpcPeeringConnection asks for a connection between two VPCs. Ranges
// that overlap show as its state, failed.
func (a *API) CreateVpcPeeringConnection(_ context.Context, in *CreateVpcPeeringConnectionInput) (*PeeringOutput, error) {
	v, err := find(a, vpcs, in.VpcId)
	if err != nil {
		return nil, err
	}
	if in.PeerVpcId == "" {
		return nil, missing("peerVpcId")
	}
	region := in.PeerRegion
	if region == "" {
		region = a.region.Name
	}
	if !a.Enabled(region) {
		return nil, invalid("peerRegion", region)
	}
	tags, err := tagsFor(in.TagSpecifications, "vpc-peering-connection")
	if err != nil {
		return nil, err
	}
	if in.PeerOwnerId != "" && in.PeerOwnerId != a.world.Account {
		return nil, wire.Errorf("UnsupportedOperation", "this cloud has one account, %s: it can't peer with %s", a.world.Account, in.PeerOwnerId)
	}
	other := a.In(region).region.Vpcs.Get(in.PeerVpcId)
	if err := a.checkPeering(v, other, region, in.PeerVpcId); err != nil {
		return nil, err
	}
	p := a.newPeering(v, other, region, in.PeerVpcId)
	*p.tagsIn(a.region.Name) = tags
	return &PeeringOutput{a.peeringView(p)}, nil
}

func (a *API) checkPeering(v, other *Vpc, region, peer string) error {
	if other == nil && region == a.region.Name {
		return vpcs.notFound(peer)
	}
	if peer == v.VpcId {
		return wire.Errorf("InvalidParameterValue", "The VPC %s can't be peered with itself", peer)
	}
	count, waiting := 0, 0
	for _, p := range a.state.Peerings.All() {
		if !p.open() {
			continue
		}
		ends := [2]string{p.Requester.VpcId, p.Accepter.VpcId}
		if ends == [2]string{v.VpcId, peer} || ends == [2]string{peer, v.VpcId} {
			return wire.Errorf("VpcPeeringConnectionAlreadyExists", "A VPC peering connection %s between these VPCs already exists", p.VpcPeeringConnectionId)
		}
		if ends[0] == v.VpcId || ends[1] == v.VpcId {
			count++
		}
		if ends[0] == v.VpcId && (p.Status.Code == pcxInitiating || p.Status.Code == pcxPending) {
			waiting++
		}
	}
	if err := a.limit(world.OpenPeerings, 25, waiting, "OutstandingVpcPeeringConnectionLimitExceeded", "peering requests of a VPC that nobody has answered"); err != nil {
		return err
	}
	return a.limit(world.PeeringsPerVPC, 50, count, "ActiveVpcPeeringConnectionPerVpcLimitExceeded", "peering connections of a VPC")
}

func (a *API) newPeering(v, other *Vpc, region, peer string) *Peering {
	p := &Peering{
		VpcPeeringConnectionId: a.world.IDs.New("pcx"), ExpirationTime: a.now().Add(pcxAcceptance), TagsIn: map[string]*[]Tag{a.region.Name: {}, region: {}},
		Requester: VpcPeeringConnectionVpcInfo{
			VpcId: v.VpcId, OwnerId: a.world.Account, Region: a.region.Name, CidrBlock: v.CidrBlock, CidrBlockSet: v.blocks(), PeeringOptions: &PeeringOptions{},
		},
		Accepter: VpcPeeringConnectionVpcInfo{VpcId: peer, OwnerId: a.world.Account, Region: region},
	}
	p.Broken = other == nil || overlapping(v, other)
	p.become(pcxInitiating, "Initiating Request to "+a.world.Account, a.world.In(pcxStep))
	a.state.Peerings.Put(p.VpcPeeringConnectionId, p)
	for _, r := range []string{a.region.Name, region} {
		a.world.Lag.Made(r + "/" + p.VpcPeeringConnectionId)
	}
	return p
}

func (v *Vpc) blocks() []CidrBlock {
	var out []CidrBlock
	for _, c := range v.cidrs() {
		out = append(out, CidrBlock{c.String()})
	}
	return out
}

func overlapping(v, w *Vpc) bool {
	for _, c := range v.cidrs() {
		if overlapsAny(c, w.cidrs()) {
			return true
		}
	}
	return false
}

// findPeering is a connection that this region sees.
func (a *API) findPeering(id string) (*Peering, error) {
	if id == "" {
		return nil, missing("vpcPeeringConnectionId")
	}
	p := a.state.Peerings.Get(id)
	if p == nil || !p.seenIn(a.region.Name) || !a.world.Lag.Visible(a.region.Name+"/"+id) {
		return nil, peerings.notFound(id)
	}
	return p, nil
}

// peeringView is a connection with this region's tags.
func (a *API) peeringView(p *Peering) *Peering {
	view := *p
	view.Tags = *p.tagsIn(a.region.Name)
	if p.Status.Code == pcxActive {
		view.ExpirationTime = time.Time{}
	}
	return &view
}

// DescribeVpcPeeringConnectionsInput is DescribeVpcPeeringConnections's.
type DescribeVpcPeeringConnectionsInput struct {
	VpcPeeringConnectionIds []string `wire:"VpcPeeringConnectionId"`
	Filters                 []Filter `wire:"Filter"`
	Page
}

// DescribeVpcPeeringConnectionsOutput is DescribeVpcPeeringConnections's.
type DescribeVpcPeeringConnectionsOutput struct {
	VpcPeeringConnections []*Peering `wire:"vpcPeeringConnectionSet"`
	NextToken             string
}

// DescribeVpcPeeringConnections lists the connections that have a side in this
// region, for a while the ended ones too.
func (a *API) DescribeVpcPeeringConnections(_ context.Context, in *DescribeVpcPeeringConnectionsInput) (*DescribeVpcPeeringConnectionsOutput, error) {
	here := *peerings
	here.table = func(*Region) *world.Table[Peering] { return a.peeringsHere() }
	found, next, err := list(a, &here, in.VpcPeeringConnectionIds, in.Filters, in.Page)
	return &DescribeVpcPeeringConnectionsOutput{found, next}, err
}

// peeringsHere is what this region sees of the account's connections.
func (a *API) peeringsHere() *world.Table[Peering] {
	t := &world.Table[Peering]{Rows: map[string]*world.Row[Peering]{}}
	for _, row := range a.state.Peerings.After(0) {
		if row.Value.seenIn(a.region.Name) {
			t.Rows[row.Value.VpcPeeringConnectionId] = &world.Row[Peering]{Number: row.Number, Value: a.peeringView(row.Value)}
		}
	}
	return t
}

// PeeringIdInput names a connection.
type PeeringIdInput struct {
	VpcPeeringConnectionId string
}

// AcceptVpcPeeringConnection accepts a request, in the accepter's region.
func (a *API) AcceptVpcPeeringConnection(_ context.Context, in *PeeringIdInput) (*PeeringOutput, error) {
	p, err := a.answerable(in.VpcPeeringConnectionId, "accepted", pcxActive)
	if err != nil {
		return nil, err
	}
	v := a.region.Vpcs.Get(p.Accepter.VpcId)
	if v == nil {
		return nil, vpcs.notFound(p.Accepter.VpcId)
	}
	p.Accepter.CidrBlock, p.Accepter.CidrBlockSet, p.Accepter.PeeringOptions = v.CidrBlock, v.blocks(), &PeeringOptions{}
	p.become(pcxProvisioning, "Provisioning", a.world.In(pcxStep))
	return &PeeringOutput{a.peeringView(p)}, nil
}

// RejectVpcPeeringConnection refuses a request, in the accepter's region.
func (a *API) RejectVpcPeeringConnection(_ context.Context, in *PeeringIdInput) (*Done, error) {
	p, err := a.answerable(in.VpcPeeringConnectionId, "rejected", pcxRejected)
	if err != nil {
		return nil, err
	}
	p.become(pcxRejected, "Rejected by "+a.world.Account, a.now().Add(pcxListed))
	return done()
}

// answerable is a request that this region may accept or reject.
func (a *API) answerable(id, verb, to string) (*Peering, error) {
	p, err := a.findPeering(id)
	if err != nil {
		return nil, err
	}
	if p.Accepter.Region != a.region.Name {
		return nil, wire.Errorf("OperationNotPermitted",
			"Incorrect region (%s) specified for this request. VPC peering connection %s must be %s in region %s", a.region.Name, id, verb, p.Accepter.Region)
	}
	if p.Status.Code != pcxPending {
		return nil, invalidTransition(p, to)
	}
	return p, nil
}

func invalidTransition(p *Peering, to string) error {
	return wire.Errorf("InvalidStateTransition", "Invalid state transition for %s, attempted to transition from %s to %s", p.VpcPeeringConnectionId, p.Status.Code, to)
}

// DeleteVpcPeeringConnection begins to end a connection or a request.
func (a *API) DeleteVpcPeeringConnection(_ context.Context, in *PeeringIdInput) (*Done, error) {
	p, err := a.findPeering(in.VpcPeeringConnectionId)
	if err != nil {
		return nil, err
	}
	if p.Status.Code != pcxActive && p.Status.Code != pcxPending && p.Status.Code != pcxProvisioning {
		return nil, invalidTransition(p, pcxDeleting)
	}
	p.become(pcxDeleting, "Deletion in progress", a.world.In(pcxStep))
	return done()
}

// ModifyVpcPeeringConnectionOptionsInput is
// ModifyVpcPeeringConnectionOptions's.
type ModifyVpcPeeringConnectionOptionsInput struct {
	VpcPeeringConnectionId            string
	AccepterPeeringConnectionOptions  *PeeringOptionsRequest
	RequesterPeeringConnectionOptions *PeeringOptionsRequest
}

// PeeringOptionsRequest changes a side's switches.
type PeeringOptionsRequest struct {
	AllowDnsResolutionFromRemoteVpc *bool
}

// ModifyVpcPeeringConnectionOptionsOutput is
// ModifyVpcPeeringConnectionOptions's.
type ModifyVpcPeeringConnectionOptionsOutput struct {
	AccepterPeeringConnectionOptions  *PeeringOptions
	RequesterPeeringConnectionOptions *PeeringOptions
}

// ModifyVpcPeeringConnectionOptions changes switches of an active connection;
// between regions, each side's in its own region.
func (a *API) ModifyVpcPeeringConnectionOptions(_ context.Context, in *ModifyVpcPeeringConnectionOptionsInput) (*ModifyVpcPeeringConnectionOptionsOutput, error) {
	p, err := a.findPeering(in.VpcPeeringConnectionId)
	if err != nil {
		return nil, err
	}
	if p.Status.Code != pcxActive {
		return nil, wire.Errorf("OperationNotPermitted", "Peering %s is not active. Peering options can be added only to active peerings.", p.VpcPeeringConnectionId)
	}
	out := &ModifyVpcPeeringConnectionOptionsOutput{}
	if out.RequesterPeeringConnectionOptions, err = a.changeOptions(&p.Requester, in.RequesterPeeringConnectionOptions); err != nil {
		return nil, err
	}
	out.AccepterPeeringConnectionOptions, err = a.changeOptions(&p.Accepter, in.AccepterPeeringConnectionOptions)
	return out, err
}

func (a *API) changeOptions(side *VpcPeeringConnectionVpcInfo, request *PeeringOptionsRequest) (*PeeringOptions, error) {
	if request == nil {
		return nil, nil
	}
	if side.Region != a.region.Name {
		return nil, wire.Errorf("InvalidParameterCombination", "the options of the VPC in %s are changed in that region, not in %s", side.Region, a.region.Name)
	}
	if request.AllowDnsResolutionFromRemoteVpc != nil {
		side.PeeringOptions.AllowDnsResolutionFromRemoteVpc = *request.AllowDnsResolutionFromRemoteVpc
	}
	return side.PeeringOptions, nil
}

// settlePeering moves a connection to its next state.
func (s *Service) settlePeering(p *Peering) {
	now := s.world.Clock.Now()
	switch p.Status.Code {
	case pcxInitiating:
		if p.Broken {
			p.become(pcxFailed, "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range", now.Add(pcxListed))
			return
		}
		p.become(pcxPending, "Pending Acceptance by "+p.Accepter.OwnerId, p.ExpirationTime)
	case pcxPending:
		p.become(pcxExpired, "Expired", now.Add(pcxExpiredListed))
	case pcxProvisioning:
		p.become(pcxActive, "Active", time.Time{})
	case pcxDeleting:
		p.become(pcxDeleted, "Deleted by "+p.Requester.OwnerId, now.Add(pcxListed))
	default:
		s.state.Peerings.Delete(p.VpcPeeringConnectionId)
	}
}

// peeringTags makes connections taggable, in each region apart.
type peeringTags struct{}

func (peeringTags) owns(id string) bool { return peerings.owns(id) }

func (peeringTags) tagList(a *API, id string) (*[]Tag, error) {
	p, err := a.findPeering(id)
	if err != nil {
		return nil, err
	}
	return p.tagsIn(a.region.Name), nil
}

func (peeringTags) describeTags(a *API) []TagDescription {
	var out []TagDescription
	for _, p := range a.peeringsHere().All() {
		for _, t := range p.Tags {
			out = append(out, TagDescription{Key: t.Key, Value: t.Value, ResourceId: p.VpcPeeringConnectionId, ResourceType: "vpc-peering-connection"})
		}
	}
	return out
}

func (peeringTags) ids(a *API) []string {
	var out []string
	for _, p := range a.peeringsHere().All() {
		if p.open() || p.Status.Code == pcxDeleting {
			out = append(out, p.VpcPeeringConnectionId)
		}
	}
	return out
}
