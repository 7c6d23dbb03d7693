package login

import (
	"errors"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
)

// Where a pod with a role finds its credentials. EKS sets the two variables of
// pods that are made after their service account got its role ("Understand how EKS
// Pod Identity works", Amazon EKS User Guide).
const (
	CredentialsVariable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	TokenFileVariable   = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
	CredentialsURL      = "http://169.254.170.23/v1/credentials"
	Audience            = "pods.eks.amazonaws.com"
	TokenDir            = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
	TokenName           = "eks-pod-identity-token"
)

// OfPod is the configuration of a pod with a role.
func OfPod(getenv func(string) string) (awssdk.Config, error) {
	url, file := getenv(CredentialsVariable), getenv(TokenFileVariable)
	if url == "" || file == "" {
		return awssdk.Config{}, errors.New("this is no pod with a role of EKS Pod Identity: " + CredentialsVariable + " and " + TokenFileVariable + " are not set")
	}
	return awssdk.Config{Credentials: awssdk.NewCredentialsCache(endpointcreds.New(url, func(o *endpointcreds.Options) {
		o.AuthorizationTokenProvider = tokenFile(file)
	}))}, nil
}
