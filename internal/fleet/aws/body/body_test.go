package body_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/ringspan/ringspan/internal/fleet/aws/body"
)

// sender sends a request as net/http's transport does (transferWriter.writeBody),
// with the answer there before it looks whether the body has ended.
type sender struct {
	sent string
	err  error
}

func (s *sender) Do(r *http.Request) (*http.Response, error) {
	var text strings.Builder
	if _, err := io.Copy(&text, io.LimitReader(r.Body, r.ContentLength)); err != nil {
		return nil, err
	}
	s.sent = text.String()
	_ = r.Body.Close() // as the SDK does
	_, s.err = io.Copy(io.Discard, r.Body)
	const answer = `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

func TestAClosedBodyHasEnded(t *testing.T) {
	s := &sender{}
	c := sts.NewFromConfig(awssdk.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("any", "thing", ""), HTTPClient: s,
		APIOptions: []func(*middleware.Stack) error{body.Plain},
	})
	out, err := c.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil || awssdk.ToString(out.Account) != "123456789012" {
		t.Fatalf("%+v, %v", out, err)
	}
	if s.err != nil {
		t.Errorf("the transport would close the connection: %v", s.err)
	}
	if s.sent != "Action=GetCallerIdentity&Version=2011-06-15" {
		t.Errorf("sent %q", s.sent)
	}
}
