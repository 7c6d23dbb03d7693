package server

import "fmt"

// checkRegions refuses a state with resources where the account has no region
// any more: nobody could reach them.
func (s *Server) checkRegions() error {
	var failed error
	err := s.world.Do(func() bool {
		for _, region := range s.ec2.Used() {
			if !s.ec2.Enabled(region) {
				failed = fmt.Errorf("the account has resources in region %q, which isn't one of its regions any more: name it again, with its zones", region)
			}
		}
		return false
	})
	if failed != nil {
		return failed
	}
	return err
}

// Pending names what the account wants of clusters and machines and hasn't got,
// as region/cluster, region/cluster/nodes/ID and so on.
func (s *Server) Pending() []string {
	if s.keeper == nil {
		return nil
	}
	return s.keeper.Pending()
}
