package aws

import (
	"context"
	"fmt"
	"os"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// runner names this process in a tag that other runs read. The tag is no lock: EC2 has no
// call that sets one only where there is none. It lets each run warn of the other.
func runner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed machine"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}

// Announce tags the fleet's first network with this process. While there is no network yet,
// nobody is warned; duplicates that two runs make are found and deleted all the same (see
// claim).
func (c *Cloud) Announce(ctx context.Context, seen *infra.Seen, now time.Time) (withdraw func(context.Context)) {
	var vpc *infra.Found
	for i := range seen.Found {
		if f := &seen.Found[i]; f.Kind == infra.Network && (vpc == nil || f.ID < vpc.ID) {
			vpc = f
		}
	}
	if vpc == nil {
		return func(context.Context) {}
	}
	api := c.in(vpc.Region).ec2
	value := runner() + " since " + now.UTC().Format(time.RFC3339)
	_, err := api.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{vpc.Physical}, Tags: []types.Tag{{Key: awssdk.String(infra.TagRun), Value: &value}}})
	if err != nil {
		return func(context.Context) {} // it only serves a warning
	}
	return func(ctx context.Context) {
		_, _ = api.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{vpc.Physical}, Tags: []types.Tag{{Key: awssdk.String(infra.TagRun), Value: &value}}})
	}
}
