package datacenter

import (
	"fmt"
	"time"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// queryLog is the section of cassandra.yaml about the log of all queries. Cassandra reads it at its start, and writes the log only
// once it is asked to.
const queryLog = "full_query_logging_options"

// queryLogAgain is how long a node that couldn't switch its log is left alone.
const queryLogAgain = 20 * time.Second

// QueryLogFailure is why a node couldn't switch the log of all queries, and when.
type QueryLogFailure struct {
	At    time.Time
	Words string
}

// planQueryLog switches the log of all queries on at nodes that were started with its options, and off where the configuration has
// none any more. One that a person has switched on at a node without options is that person's.
func (s *State) planQueryLog(p *Plan) {
	for i := range s.Pods {
		pod := &s.Pods[i]
		asked := s.asksForQueryLog(pod)
		if !pod.running() || pod.Deleting || p.takesDown(pod) || pod.Status.FullQueryLog == nil || !s.hasQueryLog(pod) {
			continue
		}
		switch on := *pod.Status.FullQueryLog; {
		case asked && !on:
			s.switchQueryLog(p, pod, true, "its cassandra.yaml has "+queryLog)
		case !asked && on:
			s.switchQueryLog(p, pod, false, "off: "+s.configField()+" has no "+queryLog+" any more")
		}
	}
}

// switchQueryLog asks a node that has refused not before some time has passed.
func (s *State) switchQueryLog(p *Plan, pod *Pod, on bool, why string) {
	failed, is := s.QueryLogFailures[pod.UID]
	if is {
		p.QueryLog = or(p.QueryLog, fmt.Sprintf("%s.cassandra-yaml.%s: node %s: %s", s.configField(), queryLog, pod.Name, failed.Words))
	}
	if !is || s.Now.Sub(failed.At).Abs() >= queryLogAgain {
		p.add(LogQueries, pod.Name, why, Step{Pod: pod, On: on})
	}
}

// asksForQueryLog tells whether the configuration has options of the log, for all nodes or for a pod's.
func (s *State) asksForQueryLog(pod *Pod) bool {
	return s.cassandraYAML()[queryLog] != nil || s.PerNode.Nodes[pod.Name].Keys[queryLog] != nil
}

// hasQueryLog tells whether a pod's node was started with options of the log.
func (s *State) hasQueryLog(pod *Pod) bool {
	own := s.PerNode.Nodes[pod.Name]
	if had := pod.Status.NodeYAML; own.Keys[queryLog] != nil && had != nil && *had == mgmtapi.NodeYAMLHash(own.Text()) {
		return true
	}
	if pod.Object == nil {
		return false
	}
	data, known := s.configOf(&pod.Object.Spec)
	if !known {
		return false
	}
	in, err := cassandra.ParseInput(data, pod.Name)
	return err == nil && in.CassandraYAML[queryLog] != nil
}

// queryLogNotActedOn names the nodes whose agents can't switch the log on.
func (s *State) queryLogNotActedOn() bool {
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.running() && pod.Status.FullQueryLog == nil && s.asksForQueryLog(pod) {
			return true
		}
	}
	return false
}
