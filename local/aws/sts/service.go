// Package sts answers the calls of AWS STS: who am I, and be someone else for
// a while. It keeps nothing; temporary credentials are IAM's. Start reading at
// API.
package sts

import (
	"context"
	"time"

	"github.com/ringspan/ringspan/local/aws/iam"
	"github.com/ringspan/ringspan/local/aws/wire"
)

// Namespace is that of the answers' XML.
const Namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// API is STS as one request sees it. Its methods are the calls; they run
// inside World.Do.
type API struct {
	IAM     *iam.Service
	Account string
	Caller  iam.Key // who asks
}

// Empty is an input with nothing in it.
type Empty struct{}

// GetCallerIdentityOutput is GetCallerIdentity's.
type GetCallerIdentityOutput struct {
	Arn, UserId, Account string
}

// GetCallerIdentity says who asks.
func (a *API) GetCallerIdentity(context.Context, *Empty) (*GetCallerIdentityOutput, error) {
	return &GetCallerIdentityOutput{a.Caller.ARN, a.Caller.UserID, a.Account}, nil
}

// AssumeRoleInput is AssumeRole's.
type AssumeRoleInput struct {
	RoleArn, RoleSessionName, ExternalId, Policy string
	DurationSeconds                              int
}

// Credentials are temporary ones.
type Credentials struct {
	AccessKeyId, SecretAccessKey, SessionToken string
	Expiration                                 time.Time
}

// AssumedRoleUser is who one becomes.
type AssumedRoleUser struct {
	Arn, AssumedRoleId string
}

// AssumeRoleOutput is AssumeRole's.
type AssumeRoleOutput struct {
	Credentials     Credentials
	AssumedRoleUser AssumedRoleUser
}

// AssumeRole gives credentials of a role. Whether its trust policy names the
// caller isn't evaluated.
func (a *API) AssumeRole(_ context.Context, in *AssumeRoleInput) (*AssumeRoleOutput, error) {
	role := a.IAM.RoleByARN(in.RoleArn)
	if role == nil {
		return nil, wire.Errorf("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", a.Caller.ARN, in.RoleArn)
	}
	if in.RoleSessionName == "" {
		return nil, wire.Errorf("ValidationError", "RoleSessionName is missing")
	}
	life := time.Hour
	if in.DurationSeconds != 0 {
		life = time.Duration(in.DurationSeconds) * time.Second
	}
	if life < 15*time.Minute || life > time.Duration(role.MaxSessionDuration)*time.Second {
		return nil, wire.Errorf("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role, or is below 900.")
	}
	k := a.IAM.Assume(role, in.RoleSessionName, life)
	return &AssumeRoleOutput{Credentials{k.ID, k.Secret, k.Token, k.Expires}, AssumedRoleUser{k.ARN, k.UserID}}, nil
}
