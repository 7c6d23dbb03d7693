// Package login makes the credentials that clusters of EKS take: of a person, from
// whatever AWS credentials there are, and of a pod, from the role that its service
// account has (EKS Pod Identity). It knows nothing else of AWS, so that programs in
// pods stay small. Start reading at Token.
package login
