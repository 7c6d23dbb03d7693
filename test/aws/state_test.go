package aws

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Killed at any moment while clients make things, and started again, the endpoint
// has all that it told somebody of.
func TestServeKeepsWhatItAnswered(t *testing.T) {
	state := t.TempDir()
	made := map[string]bool{}
	for life := range 5 {
		e := serve(t, "--state", state)
		api := e.ec2("eu-west-1", func(o *ec2.Options) { o.RetryMaxAttempts = 1 })
		network, err := api.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: awssdk.String(fmt.Sprintf("10.%d.0.0/16", life))})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var group errgroup.Group
		killed := make(chan struct{})
		for worker := range 4 {
			group.Go(func() error {
				for n := 0; ; n++ {
					g, err := api.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{VpcId: network.Vpc.VpcId, GroupName: awssdk.String(fmt.Sprintf("g-%d-%d", worker, n)), Description: awssdk.String("kept")})
					if err != nil {
						<-killed
						return nil //nolint:nilerr // being killed is what is tested
					}
					mu.Lock()
					made[*g.GroupId] = true
					enough := len(made) >= 7*(life+1)
					mu.Unlock()
					if enough && worker == 0 {
						e.kill()
						close(killed)
						return nil
					}
				}
			})
		}
		_ = group.Wait()
	}
	e := serve(t, "--state", state)
	left := e.left()
	for id := range made {
		if !slices.Contains(left, "eu-west-1 "+id) {
			t.Errorf("%s was answered, and is not there after a kill", id)
		}
	}
	t.Logf("%d groups over 5 kills", len(made))
}

// An up, during which the endpoint is killed again and again, converges.
func TestUpOverKillsOfServe(t *testing.T) {
	state := t.TempDir()
	w := request(t, twoRegions, false)
	for lives := 1; lives <= 8; lives++ {
		e := serve(t, "--state", state)
		if lives == 8 {
			c := e.cloud()
			up(t, c, w)
			once(t, c, w)
			clean(t, e, c, w, nil, "after seven kills of the endpoint")
			return
		}
		killed(t, e, int64(20*lives), func(ctx context.Context, c *aws.Cloud) error {
			_, err := provision.Up(ctx, c, w, time.Now(), provision.Watch{})
			return err
		})
		e.kill()
	}
}
