// Package iam answers the calls of AWS IAM that clusters need: roles, their
// policies, instance profiles, service-linked roles, OpenID Connect providers;
// and it keeps the account's access keys.
//
// It doesn't evaluate policies: everyone may do everything that isn't denied
// by the drive (world.SetDenied). IAM is one for all regions. Start reading at
// Service.
package iam
