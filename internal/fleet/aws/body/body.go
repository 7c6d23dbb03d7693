// Package body keeps the bodies of the AWS SDK's requests from ending their
// connections.
//
// net/http's transport looks, after it has sent a body of a known length,
// whether there is more to read. The SDK closes the body as soon as the answer
// has begun, and from then on its io.WriterTo reports io.EOF, which io.Copy
// takes for a failure to send: the connection is closed while the answer is
// still being read ("use of closed network connection"). That happens with an
// endpoint that answers faster than the sender looks, as one on the same
// machine does, and the call has then been carried out and has no result.
package body

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Plain hides every way of reading a request's body but Read and Seek, for
// which the end is no failure. It is an API option of the SDK's.
func Plain(stack *middleware.Stack) error {
	hide := middleware.BuildMiddlewareFunc("RingspanPlainBody", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
		if request, ok := in.Request.(*smithyhttp.Request); ok {
			if stream, ok := request.GetStream().(io.ReadSeeker); ok {
				plain, err := request.SetStream(struct{ io.ReadSeeker }{stream})
				if err != nil {
					return middleware.BuildOutput{}, middleware.Metadata{}, err
				}
				in.Request = plain
			}
		}
		return next.HandleBuild(ctx, in)
	})
	return stack.Build.Add(hide, middleware.After)
}
