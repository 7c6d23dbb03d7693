package datacenter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// readLogin is what the operator's loop does, in each pass.
func (r *region) readLogin(s *datacenter.State) {
	if !s.ObservesLogin() {
		return
	}
	var works bool
	err := r.onRunning(s, func(n mgmtapi.Node) (err error) {
		works, err = n.VerifyRole(context.Background(), s.Superuser.Username, s.Superuser.Password)
		return err
	})
	if err == nil {
		r.login = &datacenter.Login{Version: s.Superuser.Version, Works: works, At: r.now}
	}
	s.Login = r.login
}

// logins says of each region whether clients get in with what its Secret has, what its datacenter says of that, and which
// roles there are.
func (w *world) logins() string {
	var out strings.Builder
	for _, r := range w.regions {
		secret, works := r.secrets[r.dc.Spec.SuperuserSecretName], "no"
		for _, n := range r.nodes {
			if n.LoginAtQuorum(secret["username"], secret["password"]) {
				works = "yes"
			}
		}
		fmt.Fprintf(&out, "%s: %s, %s", r.dc.Name, secret["username"], works)
		if c := r.dc.Status.Condition(api.DatacenterSuperuserLogin); c != nil {
			fmt.Fprintf(&out, "; %s %s %s", c.Status, c.Reason, c.Message)
		}
		if text := r.dc.Annotations[api.WrittenRolesAnnotation]; text != "" {
			out.WriteString("; ours " + text)
		}
		out.WriteString("\n")
	}
	names := map[string]bool{}
	for _, r := range w.regions {
		for _, n := range r.nodes {
			roles, _ := n.Roles(context.Background())
			for _, one := range roles {
				names[one.Name] = true
			}
		}
	}
	all := []string{}
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return out.String() + "roles: " + strings.Join(all, " ") + "\n"
}

// hasFormerRole is the ring's hasFormerRole.
func (r *region) hasFormerRole() bool {
	var roles map[string][]string
	_ = json.Unmarshal([]byte(r.dc.Annotations[api.WrittenRolesAnnotation]), &roles)
	name := r.dc.Spec.SuperuserSecretName
	return slices.ContainsFunc(roles[name], func(role string) bool { return role != r.secrets[name]["username"] })
}

// tellSecret is what the ring's loop does with a region's Secret: it tells the datacenter that all regions have it.
func (r *region) tellSecret() {
	own := r.secrets[r.dc.Spec.SuperuserSecretName]
	if r.cutOff || own == nil {
		return
	}
	for _, other := range r.regions {
		if there := other.secrets[r.dc.Spec.SuperuserSecretName]; there["username"] != own["username"] || there["password"] != own["password"] {
			return
		}
	}
	r.annotate(api.SecretEverywhereAnnotation, strconv.Itoa(r.version[r.dc.Spec.SuperuserSecretName]))
}
