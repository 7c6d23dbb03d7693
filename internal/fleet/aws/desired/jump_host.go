package desired

import (
	"fmt"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// kubectl on the jump host: of a version that talks to all that EKS supports.
const kubectlVersion = "v1.34.1"

// jumpHost is one machine in a private subnet: no key, no inbound port, reached
// through Session Manager, which it calls itself.
func (d *desire) jumpHost(s *infra.Site) {
	role := d.role(s, "host", trustEC2, "AmazonSSMManagedInstanceCore")
	profile := s.Name + "/profile"
	d.add(infra.Resource{ID: profile, Kind: infra.MachineProfile, Refs: map[string]string{"role": role}, Make: map[string]string{"name": d.roleName(s, "host")}})
	group := s.Name + "/group"
	d.add(infra.Resource{ID: group, Kind: infra.Firewall, Region: s.Region, Refs: map[string]string{"vpc": s.Name + "/vpc"},
		Want: map[string]string{"rules": ""}, Make: map[string]string{"name": RolePrefix + d.Fleet + "-jump", "description": "Ringspan jump host: nothing may come in"}})
	zone := s.Zones[0]
	d.add(infra.Resource{ID: s.Name + "/host", Kind: infra.Machine, Region: s.Region,
		Want:  map[string]string{"instanceType": d.Spec.JumpHost.InstanceType},
		Make:  map[string]string{"image": d.Seen.Offer.Images[s.Region], "userData": userData()},
		Refs:  map[string]string{"subnet": s.Name + "/subnet/private/" + zone, "group": group, "profile": profile},
		After: []string{s.Name + "/association/private/" + zone, s.Name + "/route/private/" + anywhere}})
}

// userData installs the tools at the first boot, checked against their sums.
func userData() string {
	return fmt.Sprintf(`#!/bin/bash
set -euo pipefail
arch=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
cd /tmp
curl -fsSLo kubectl "https://dl.k8s.io/release/%[1]s/bin/linux/$arch/kubectl"
echo "$(curl -fsSL "https://dl.k8s.io/release/%[1]s/bin/linux/$arch/kubectl.sha256")  kubectl" | sha256sum --check
install -m 0755 kubectl /usr/local/bin/kubectl
dnf install -y jq nmap-ncat
`, kubectlVersion)
}
