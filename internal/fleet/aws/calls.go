package aws

import (
	"context"
	"maps"
	"slices"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// Call is an action of a service, in the words of IAM: ec2 and CreateVpc.
type Call struct{ Service, Operation string }

func (c Call) String() string { return c.Service + ":" + c.Operation }

// Calls counts what is sent, retries included.
type Calls struct {
	mu    sync.Mutex
	count map[Call]int
}

// Total of all calls.
func (c *Calls) Total() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.count {
		n += k
	}
	return n
}

// ByCall is how often each call was sent.
func (c *Calls) ByCall() map[Call]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.count)
}

// Reads counts the calls that only look.
func (c *Calls) Reads() (n int) {
	for call, k := range c.ByCall() {
		if scopeOf[call] == read {
			n += k
		}
	}
	return n
}

// services are the SDK's names of services in IAM's words.
var services = map[string]string{"EC2": "ec2", "EKS": "eks", "IAM": "iam", "STS": "sts", "SSM": "ssm", "Service Quotas": "servicequotas"}

// add is the middleware that counts, within the SDK's retries.
func (c *Calls) add(stack *middleware.Stack) error {
	count := middleware.FinalizeMiddlewareFunc("RingspanCalls", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		service := awsmiddleware.GetServiceID(ctx)
		if name, ok := services[service]; ok {
			service = name
		}
		c.mu.Lock()
		if c.count == nil {
			c.count = map[Call]int{}
		}
		c.count[Call{service, awsmiddleware.GetOperationName(ctx)}]++
		c.mu.Unlock()
		return next.HandleFinalize(ctx, in)
	})
	if slices.Contains(stack.Finalize.List(), "Retry") {
		return stack.Finalize.Insert(count, "Retry", middleware.After)
	}
	return stack.Finalize.Add(count, middleware.After) // presigning doesn't retry
}
