package iam

import (
	"time"
)

// Key is an access key.
type Key struct {
	ID, Secret string
	Token      string    // of temporary credentials
	Expires    time.Time // zero: never
	ARN        string    // of the principal
	UserID     string
}

// RootKey is the account's own key, made when there is none. Inside Do.
func (s *Service) RootKey() Key {
	for _, k := range s.state.Keys {
		if k.Token == "" {
			return k
		}
	}
	k := Key{
		ID: "AKIA" + s.world.IDs.Upper(16), Secret: s.world.IDs.Hex(40), ARN: s.arn("user/ringspan"), UserID: "AIDA" + s.world.IDs.Upper(17),
	}
	s.state.Keys[k.ID] = k
	return k
}

// Key is an access key by id. Inside Do.
func (s *Service) Key(id string) (Key, bool) {
	k, ok := s.state.Keys[id]
	return k, ok
}

// Anyone is who an unknown access key belongs to, where any is taken.
func (s *Service) Anyone(id string) Key {
	return Key{ID: id, ARN: s.arn("user/ringspan"), UserID: "AIDARINGSPANLOCAL0000"}
}

// Assume makes temporary credentials of a role. Inside Do.
func (s *Service) Assume(role *Role, session string, life time.Duration) Key {
	k := Key{
		ID: "ASIA" + s.world.IDs.Upper(16), Secret: s.world.IDs.Hex(40), Token: s.world.IDs.Hex(64), Expires: s.world.Clock.Now().Add(life),
		ARN:    "arn:aws:sts::" + s.world.Account + ":assumed-role/" + role.RoleName + "/" + session,
		UserID: role.RoleId + ":" + session,
	}
	s.state.Keys[k.ID] = k
	return k
}
