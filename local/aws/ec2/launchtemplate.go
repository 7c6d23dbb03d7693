package ec2

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// LaunchTemplate describes machines to launch, by name and in versions.
type LaunchTemplate struct {
	LaunchTemplateId, LaunchTemplateName, CreatedBy string
	CreateTime                                      time.Time
	DefaultVersionNumber, LatestVersionNumber       int
	Tagged

	Versions []LaunchTemplateVersion `wire:"-"`
}

// LaunchTemplateVersion is one version.
type LaunchTemplateVersion struct {
	LaunchTemplateId, LaunchTemplateName, VersionDescription, CreatedBy string
	VersionNumber                                                       int
	DefaultVersion                                                      bool
	CreateTime                                                          time.Time
	Data                                                                LaunchTemplateData `wire:"launchTemplateData"`
}

// LaunchTemplateRequest is a version's content as it is given.
type LaunchTemplateRequest struct {
	ImageId, InstanceType, UserData, InstanceInitiatedShutdownBehavior string
	EbsOptimized, DisableApiTermination                                *bool
	SecurityGroupIds                                                   []string                        `wire:"SecurityGroupId"`
	NetworkInterfaces                                                  []NetworkInterfaceSpecification `wire:"NetworkInterface"`
	BlockDeviceMappings                                                []BlockDevice                   `wire:"BlockDeviceMapping"`
	IamInstanceProfile                                                 *ProfileSpecification
	MetadataOptions                                                    *MetadataOptionsRequest
	Monitoring                                                         *Monitoring
	TagSpecifications                                                  []TagSpecification `wire:"TagSpecification"`
}

// Monitoring switches detailed monitoring.
type Monitoring struct {
	Enabled bool
}

// LaunchTemplateData is a version's content as it is shown.
type LaunchTemplateData struct {
	ImageId, InstanceType, UserData, InstanceInitiatedShutdownBehavior string
	EbsOptimized, DisableApiTermination                                *bool
	SecurityGroupIds                                                   []string            `wire:"securityGroupIdSet,omitempty"`
	NetworkInterfaces                                                  []TemplateInterface `wire:"networkInterfaceSet,omitempty"`
	BlockDeviceMappings                                                []BlockDevice       `wire:"blockDeviceMappingSet,omitempty"`
	IamInstanceProfile                                                 *ProfileSpecification
	MetadataOptions                                                    *MetadataOptionsRequest
	Monitoring                                                         *Monitoring
	TagSpecifications                                                  []TemplateTags `wire:"tagSpecificationSet,omitempty"`
}

// TemplateInterface is an interface of a template as it is shown.
type TemplateInterface struct {
	DeviceIndex                                                 int
	NetworkInterfaceId, SubnetId, Description, PrivateIpAddress string
	Groups                                                      []string `wire:"groupSet,omitempty"`
	AssociatePublicIpAddress, DeleteOnTermination               *bool
}

// TemplateTags are tags of a template as they are shown.
type TemplateTags struct {
	ResourceType string
	Tags         []Tag `wire:"tagSet"`
}

func (r LaunchTemplateRequest) data() LaunchTemplateData {
	d := LaunchTemplateData{
		r.ImageId, r.InstanceType, r.UserData, r.InstanceInitiatedShutdownBehavior, r.EbsOptimized, r.DisableApiTermination, r.SecurityGroupIds, nil,
		r.BlockDeviceMappings, r.IamInstanceProfile, r.MetadataOptions, r.Monitoring, nil,
	}
	for _, n := range r.NetworkInterfaces {
		d.NetworkInterfaces = append(d.NetworkInterfaces, TemplateInterface(n))
	}
	for _, t := range r.TagSpecifications {
		d.TagSpecifications = append(d.TagSpecifications, TemplateTags(t))
	}
	return d
}

var launchTemplates = &kind[LaunchTemplate]{
	noun: "launch template ID", code: "InvalidLaunchTemplateId", prefix: "lt",
	table: func(r *Region) *world.Table[LaunchTemplate] { return &r.LaunchTemplates },
	id:    func(t *LaunchTemplate) string { return t.LaunchTemplateId },
	tags:  func(t *LaunchTemplate) *[]Tag { return &t.Tags },
	filters: map[string]func(*API, *LaunchTemplate) []string{
		"launch-template-name": of(func(t *LaunchTemplate) string { return t.LaunchTemplateName }),
		"create-time":          of(func(t *LaunchTemplate) string { return t.CreateTime.Format(time.RFC3339) }),
	},
}

// CreateLaunchTemplateInput is CreateLaunchTemplate's.
type CreateLaunchTemplateInput struct {
	LaunchTemplateName, VersionDescription, ClientToken string
	LaunchTemplateData                                  *LaunchTemplateRequest
	TagSpecifications                                   []TagSpecification `wire:"TagSpecification"`
}

// LaunchTemplateOutput shows a template.
type LaunchTemplateOutput struct {
	LaunchTemplate *LaunchTemplate
}

// CreateLaunchTemplate makes a template with its first version.
func (a *API) CreateLaunchTemplate(_ context.Context, in *CreateLaunchTemplateInput) (*LaunchTemplateOutput, error) {
	if in.LaunchTemplateName == "" || in.LaunchTemplateData == nil {
		return nil, missing("LaunchTemplateName and LaunchTemplateData")
	}
	if anyOf(a.region.LaunchTemplates.All(), func(t *LaunchTemplate) bool { return t.LaunchTemplateName == in.LaunchTemplateName }) {
		return nil, wire.Errorf("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
	}
	tags, err := tagsFor(in.TagSpecifications, "launch-template")
	if err != nil {
		return nil, err
	}
	t := &LaunchTemplate{
		LaunchTemplateId: a.world.IDs.New("lt"), LaunchTemplateName: in.LaunchTemplateName, CreatedBy: a.creator(), CreateTime: a.now(), DefaultVersionNumber: 1, Tagged: Tagged{tags},
	}
	t.add(a, in.VersionDescription, *in.LaunchTemplateData)
	put(a, launchTemplates, t)
	return &LaunchTemplateOutput{t}, nil
}

func (a *API) creator() string { return "arn:aws:iam::" + a.world.Account + ":root" }

func (t *LaunchTemplate) add(a *API, description string, r LaunchTemplateRequest) *LaunchTemplateVersion {
	t.LatestVersionNumber++
	t.Versions = append(t.Versions, LaunchTemplateVersion{
		LaunchTemplateId: t.LaunchTemplateId, LaunchTemplateName: t.LaunchTemplateName, VersionDescription: description, CreatedBy: a.creator(),
		VersionNumber: t.LatestVersionNumber, CreateTime: a.now(), Data: r.data(),
	})
	return &t.Versions[len(t.Versions)-1]
}

// template is a template by id or name.
func (a *API) template(id, name string) (*LaunchTemplate, error) {
	if id != "" {
		return find(a, launchTemplates, id)
	}
	for _, t := range a.region.LaunchTemplates.All() {
		if t.LaunchTemplateName == name && name != "" {
			return t, nil
		}
	}
	return nil, wire.Errorf("InvalidLaunchTemplateName.NotFoundException", "At least one of the launch templates specified in the request does not exist: %q", name)
}

// version is a version by number, $Latest, $Default or "", the default.
func (t *LaunchTemplate) version(v string) (*LaunchTemplateVersion, error) {
	number, err := strconv.Atoi(v)
	switch v {
	case "", "$Default":
		number, err = t.DefaultVersionNumber, nil
	case "$Latest":
		number, err = t.LatestVersionNumber, nil
	}
	i := slices.IndexFunc(t.Versions, func(o LaunchTemplateVersion) bool { return o.VersionNumber == number })
	if err != nil || i < 0 {
		return nil, wire.Errorf("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version %s of %s", v, t.LaunchTemplateId)
	}
	t.Versions[i].DefaultVersion = t.Versions[i].VersionNumber == t.DefaultVersionNumber
	return &t.Versions[i], nil
}

// CreateLaunchTemplateVersionInput is CreateLaunchTemplateVersion's.
type CreateLaunchTemplateVersionInput struct {
	LaunchTemplateId, LaunchTemplateName, VersionDescription, ClientToken string
	LaunchTemplateData                                                    *LaunchTemplateRequest
}

// CreateLaunchTemplateVersionOutput is CreateLaunchTemplateVersion's.
type CreateLaunchTemplateVersionOutput struct {
	LaunchTemplateVersion *LaunchTemplateVersion
}

// CreateLaunchTemplateVersion adds a version.
func (a *API) CreateLaunchTemplateVersion(_ context.Context, in *CreateLaunchTemplateVersionInput) (*CreateLaunchTemplateVersionOutput, error) {
	t, err := a.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	if in.LaunchTemplateData == nil {
		return nil, missing("LaunchTemplateData")
	}
	return &CreateLaunchTemplateVersionOutput{t.add(a, in.VersionDescription, *in.LaunchTemplateData)}, nil
}

// DescribeLaunchTemplatesInput is DescribeLaunchTemplates's.
type DescribeLaunchTemplatesInput struct {
	LaunchTemplateIds   []string `wire:"LaunchTemplateId"`
	LaunchTemplateNames []string `wire:"LaunchTemplateName"`
	Filters             []Filter `wire:"Filter"`
	Page
}

// DescribeLaunchTemplatesOutput is DescribeLaunchTemplates's.
type DescribeLaunchTemplatesOutput struct {
	LaunchTemplates []*LaunchTemplate
	NextToken       string
}

// DescribeLaunchTemplates lists templates.
func (a *API) DescribeLaunchTemplates(_ context.Context, in *DescribeLaunchTemplatesInput) (*DescribeLaunchTemplatesOutput, error) {
	ids := in.LaunchTemplateIds
	for _, name := range in.LaunchTemplateNames {
		t, err := a.template("", name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, t.LaunchTemplateId)
	}
	found, next, err := list(a, launchTemplates, ids, in.Filters, in.Page)
	return &DescribeLaunchTemplatesOutput{found, next}, err
}

// DescribeLaunchTemplateVersionsInput is DescribeLaunchTemplateVersions's.
type DescribeLaunchTemplateVersionsInput struct {
	LaunchTemplateId, LaunchTemplateName string
	Versions                             []string `wire:"LaunchTemplateVersion"`
	Page
}

// DescribeLaunchTemplateVersionsOutput is DescribeLaunchTemplateVersions's.
type DescribeLaunchTemplateVersionsOutput struct {
	LaunchTemplateVersions []*LaunchTemplateVersion `wire:"launchTemplateVersionSet"`
	NextToken              string
}

// DescribeLaunchTemplateVersions lists versions of a template, the newest
// first, in one page.
func (a *API) DescribeLaunchTemplateVersions(_ context.Context, in *DescribeLaunchTemplateVersionsInput) (*DescribeLaunchTemplateVersionsOutput, error) {
	t, err := a.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	asked := in.Versions
	if len(asked) == 0 {
		asked = each(t.Versions, func(v LaunchTemplateVersion) string { return strconv.Itoa(v.VersionNumber) })
	}
	out := &DescribeLaunchTemplateVersionsOutput{}
	for _, v := range asked {
		found, err := t.version(v)
		if err != nil {
			return nil, err
		}
		out.LaunchTemplateVersions = append(out.LaunchTemplateVersions, found)
	}
	slices.SortStableFunc(out.LaunchTemplateVersions, func(x, y *LaunchTemplateVersion) int { return cmp.Compare(y.VersionNumber, x.VersionNumber) })
	return out, nil
}

// ModifyLaunchTemplateInput is ModifyLaunchTemplate's.
type ModifyLaunchTemplateInput struct {
	LaunchTemplateId, LaunchTemplateName, ClientToken string
	DefaultVersion                                    string `wire:"SetDefaultVersion"`
}

// ModifyLaunchTemplate makes another version the default.
func (a *API) ModifyLaunchTemplate(_ context.Context, in *ModifyLaunchTemplateInput) (*LaunchTemplateOutput, error) {
	t, err := a.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	v, err := t.version(in.DefaultVersion)
	if err != nil {
		return nil, err
	}
	t.DefaultVersionNumber = v.VersionNumber
	return &LaunchTemplateOutput{t}, nil
}

// DeleteLaunchTemplateInput is DeleteLaunchTemplate's.
type DeleteLaunchTemplateInput struct {
	LaunchTemplateId, LaunchTemplateName string
}

// DeleteLaunchTemplate removes a template with all versions.
func (a *API) DeleteLaunchTemplate(_ context.Context, in *DeleteLaunchTemplateInput) (*LaunchTemplateOutput, error) {
	t, err := a.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	a.region.LaunchTemplates.Delete(t.LaunchTemplateId)
	return &LaunchTemplateOutput{t}, nil
}

// fillFromTemplate takes from a template what the launch itself doesn't say.
func (a *API) fillFromTemplate(in *RunInstancesInput) error {
	t, err := a.template(in.LaunchTemplate.LaunchTemplateId, in.LaunchTemplate.LaunchTemplateName)
	if err != nil {
		return err
	}
	v, err := t.version(in.LaunchTemplate.Version)
	if err != nil {
		return err
	}
	d := v.Data
	in.ImageId, in.InstanceType, in.UserData = cmp.Or(in.ImageId, d.ImageId), cmp.Or(in.InstanceType, d.InstanceType), cmp.Or(in.UserData, d.UserData)
	if len(in.SecurityGroupIds) == 0 {
		in.SecurityGroupIds = d.SecurityGroupIds
	}
	if len(in.NetworkInterfaces) == 0 {
		for _, n := range d.NetworkInterfaces {
			in.NetworkInterfaces = append(in.NetworkInterfaces, NetworkInterfaceSpecification(n))
		}
	}
	if len(in.BlockDeviceMappings) == 0 {
		in.BlockDeviceMappings = d.BlockDeviceMappings
	}
	if in.IamInstanceProfile == nil {
		in.IamInstanceProfile = d.IamInstanceProfile
	}
	if in.MetadataOptions == nil {
		in.MetadataOptions = d.MetadataOptions
	}
	for _, s := range d.TagSpecifications {
		in.TagSpecifications = append([]TagSpecification{TagSpecification(s)}, in.TagSpecifications...)
	}
	return nil
}

// Template is a template with one of its versions. Inside Do.
func (a *API) Template(s LaunchTemplateSpecification) (*LaunchTemplate, int, LaunchTemplateData, error) {
	t, err := a.template(s.LaunchTemplateId, s.LaunchTemplateName)
	if err != nil {
		return nil, 0, LaunchTemplateData{}, err
	}
	v, err := t.version(s.Version)
	if err != nil {
		return nil, 0, LaunchTemplateData{}, err
	}
	return t, v.VersionNumber, v.Data, nil
}
