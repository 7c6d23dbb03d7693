package eks

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
)

// defaultVersion is what a cluster gets that asks for none.
var defaultVersion = ec2.Versions[1]

// ClusterVersion is a Kubernetes version that clusters can have.
type ClusterVersion struct {
	ClusterVersion, ClusterType, DefaultPlatformVersion, KubernetesPatchVersion, Status, VersionStatus string
	DefaultVersion                                                                                     bool
	ReleaseDate, EndOfStandardSupportDate, EndOfExtendedSupportDate                                    time.Time
}

// DescribeClusterVersionsInput is DescribeClusterVersions's.
type DescribeClusterVersionsInput struct {
	ClusterType     string   `wire:",query"`
	ClusterVersions []string `wire:",query"`
	DefaultOnly     bool     `wire:",query"`
	IncludeAll      bool     `wire:",query"`
	Status          string   `wire:",query"`
	VersionStatus   string   `wire:",query"`
	Page
}

// DescribeClusterVersionsOutput is DescribeClusterVersions's.
type DescribeClusterVersionsOutput struct {
	ClusterVersions []ClusterVersion
	NextToken       string
}

// DescribeClusterVersions lists the versions that this cloud has. The dates
// follow EKS's rule, 14 months of standard and 12 of extended support, from a
// release every four months; they aren't AWS's own.
func (a *API) DescribeClusterVersions(_ context.Context, in *DescribeClusterVersionsInput) (*DescribeClusterVersionsOutput, error) {
	all := []ClusterVersion{}
	for _, name := range ec2.Versions {
		v := a.version(name)
		if len(in.ClusterVersions) > 0 && !slices.Contains(in.ClusterVersions, name) || in.DefaultOnly && !v.DefaultVersion ||
			in.VersionStatus != "" && in.VersionStatus != v.VersionStatus || in.Status != "" && in.Status != v.Status {
			continue
		}
		all = append(all, v)
	}
	found, next, err := page(in.Page, all)
	return &DescribeClusterVersionsOutput{found, next}, err
}

func (a *API) version(name string) ClusterVersion {
	minor, _ := strconv.Atoi(strings.TrimPrefix(name, "1.")) // from a list of our own
	released := time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 4*(minor-34), 0)
	v := ClusterVersion{
		ClusterVersion: name, ClusterType: "eks", DefaultPlatformVersion: "eks.1", KubernetesPatchVersion: name + ".0", Status: "standard-support", VersionStatus: "STANDARD_SUPPORT",
		DefaultVersion: name == defaultVersion, ReleaseDate: released, EndOfStandardSupportDate: released.AddDate(0, 14, 0), EndOfExtendedSupportDate: released.AddDate(0, 26, 0),
	}
	if a.now().After(v.EndOfStandardSupportDate) {
		v.Status, v.VersionStatus = "extended-support", "EXTENDED_SUPPORT"
	}
	return v
}
