package server

// resources lists all that the account holds, by region ("" for IAM), to see
// what is left. Regions with nothing but their default DHCP options are left
// out.
func (s *Server) resources() (map[string][]string, error) {
	out := map[string][]string{}
	return out, s.world.Do(func() bool {
		for _, region := range s.ec2.Used() {
			out[region] = append(s.ec2.In(region).Resources(), s.eks.In(region, "").Resources()...)
		}
		if names := s.iam.Resources(); len(names) > 0 {
			out[""] = names
		}
		return false
	})
}
