// Package access decides who may log in to an EKS cluster, and as whom: it
// reviews bearer tokens by asking STS whose they are, and maps the principal to
// a user and groups by the cluster's access entries.
//
// A token is "k8s-aws-v1." and, in base64, the URL of a signed GetCallerIdentity
// call whose signature covers the header x-k8s-aws-id, the cluster's name (Amazon
// EKS User Guide, "Grant IAM users and roles access to Kubernetes APIs"). It
// starts nothing and keeps no secret. Start reading at Reviewer.
package access
