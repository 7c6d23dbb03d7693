package aws

import (
	"context"
	"encoding/json"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var addonKind = kind{create: (*job).createAddon, change: (*job).changeAddon, await: (*job).awaitAddon, remove: (*job).removeAddon}

func (o *observation) askAddons(ctx context.Context, k *observedCluster) error {
	names, err := o.in.addonNames(ctx, k.cluster.Name)
	if err != nil {
		return err
	}
	for _, name := range names {
		out, err := o.in.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: k.cluster.Name, AddonName: &name})
		if err != nil && !is(err, notFound) {
			return err
		}
		if err == nil {
			k.addons = append(k.addons, out.Addon)
		}
	}
	return nil
}

func (k *observedCluster) foundAddons(region string) (all []infra.Found) {
	name := awssdk.ToString(k.cluster.Name)
	for _, a := range k.addons {
		all = append(all, infra.Found{ID: region + "/addon/" + awssdk.ToString(a.AddonName), Kind: infra.Addon, Region: region, Physical: name + "/" + awssdk.ToString(a.AddonName),
			State: addonState(a.Status), Detail: "it is " + string(a.Status) + addonHealth(a), Tags: a.Tags,
			Have: map[string]string{"arn": awssdk.ToString(a.AddonArn), "configuration": canonical(awssdk.ToString(a.ConfigurationValues))}, Refs: map[string]string{"cluster": name}})
	}
	return all
}

func addonHealth(a *types.Addon) string {
	if a.Health == nil {
		return ""
	}
	var all []string
	for _, i := range a.Health.Issues {
		all = append(all, string(i.Code)+": "+awssdk.ToString(i.Message))
	}
	return prefixed("; ", strings.Join(all, "; "))
}

// addonState: degraded ones get well by themselves when nodes come.
func addonState(s types.AddonStatus) infra.State {
	switch s {
	case types.AddonStatusActive, types.AddonStatusUpdateFailed, types.AddonStatusDeleteFailed, types.AddonStatusDegraded:
		return infra.Ready
	case types.AddonStatusCreateFailed:
		return infra.Failed
	case types.AddonStatusDeleting:
		return infra.Deleting
	default:
		return infra.Pending
	}
}

// canonical writes JSON with sorted keys, so that it can be compared.
func canonical(text string) string {
	var v any
	if text == "" || json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	data, err := json.Marshal(v)
	if err != nil || string(data) == "{}" {
		return ""
	}
	return string(data)
}

func (j *job) createAddon(ctx context.Context) error {
	cluster, name := j.ref("cluster"), j.want("name")
	j.physical = cluster + "/" + name
	in := &eks.CreateAddonInput{ClusterName: &cluster, AddonName: &name, ResolveConflicts: types.ResolveConflictsOverwrite, Tags: j.tags()}
	if c := j.want("configuration"); c != "" {
		in.ConfigurationValues = &c
	}
	err := j.cloud.retry(ctx, "adding "+j.physical, func(ctx context.Context) error {
		_, err := j.region.eks.CreateAddon(ctx, in)
		return err
	}, notFound, notYet)
	if is(err, inUse) {
		return nil
	}
	return err
}

func (j *job) addon(ctx context.Context) (*types.Addon, error) {
	cluster, name := j.part()
	out, err := j.region.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &cluster, AddonName: &name})
	if is(err, notFound) {
		return nil, nil //nolint:nilnil // not there is no error here
	}
	if err != nil {
		return nil, err
	}
	return out.Addon, nil
}

// awaitAddon: one that needs nodes is DEGRADED until they come, and then gets
// well by itself; those that come after the nodes are waited for.
func (j *job) awaitAddon(ctx context.Context) error {
	j.waits("to install add-on %s", j.physical)
	return j.cloud.poll(ctx, clusterBudget, "add-on "+j.physical, func(ctx context.Context) (bool, error) {
		a, err := j.addon(ctx)
		if err != nil || a == nil {
			return false, err
		}
		switch a.Status {
		case types.AddonStatusCreateFailed, types.AddonStatusUpdateFailed:
			return false, failure("add-on %s is %s%s", j.physical, a.Status, addonHealth(a))
		case types.AddonStatusActive, types.AddonStatusDegraded:
			return true, nil
		default:
			return false, nil
		}
	})
}

func (j *job) changeAddon(ctx context.Context) error {
	cluster, name := j.part()
	err := j.cloud.retry(ctx, "changing "+j.physical, func(ctx context.Context) error {
		_, err := j.region.eks.UpdateAddon(ctx, &eks.UpdateAddonInput{ClusterName: &cluster, AddonName: &name, ConfigurationValues: awssdk.String(j.want("configuration")), ResolveConflicts: types.ResolveConflictsOverwrite})
		return err
	}, inUse)
	if err != nil {
		return err
	}
	return j.awaitAddon(ctx)
}

func (j *job) removeAddon(ctx context.Context) error {
	cluster, name := j.part()
	err := j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.region.eks.DeleteAddon(ctx, &eks.DeleteAddonInput{ClusterName: &cluster, AddonName: &name})
		return err
	})
	if err != nil {
		return err
	}
	return j.cloud.poll(ctx, clusterBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		a, err := j.addon(ctx)
		return err == nil && a == nil, err
	})
}
