package datacenter

// planNative lets clients in where the port is closed. With authentication it
// opens once the roles are known to be there, or clients would be let in by
// what Cassandra makes up.
func (s *State) planNative(p *Plan) {
	if from := s.owes(); from != "" { // the data first: see planFounding
		p.Wait("datacenter %s to be rebuilt from %s", s.name(), from)
		return
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.running() && !pod.Deleting && !pod.Status.NativeTransport {
			p.add(OpenNative, pod.Name, "roles are in place", Step{Pod: pod})
		}
	}
}
