package v1alpha1

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// K8ssandraTask is a CassandraTask for several datacenters of a ring.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=k8ssandratasks,scope=Namespaced
// +kubebuilder:printcolumn:name="Job",type=string,JSONPath=`.spec.template.jobs[0].command`
// +kubebuilder:printcolumn:name="Scheduled",type=date,JSONPath=`.spec.template.scheduledTime`
// +kubebuilder:printcolumn:name="Started",type=date,JSONPath=`.status.startTime`
// +kubebuilder:printcolumn:name="Completed",type=date,JSONPath=`.status.completionTime`
type K8ssandraTask struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   K8ssandraTaskSpec   `json:"spec,omitempty"`
	Status K8ssandraTaskStatus `json:"status,omitempty"`
}

// K8ssandraTaskList is a list of K8ssandraTask.
//
// +kubebuilder:object:root=true
type K8ssandraTaskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []K8ssandraTask `json:"items"`
}

// K8ssandraTaskSpec is a task template and the datacenters that it is for.
//
// +kubebuilder:validation:XValidation:rule=`!has(oldSelf.datacenters) || size(oldSelf.datacenters) == 0 || has(self.datacenters) && self.datacenters == oldSelf.datacenters`,message="the datacenters and their order stay as they are once they are written, because each region begins its own when the ones before it have ended: leave one out with skipDatacenters, or delete the task and make another one",fieldPath=".datacenters"
type K8ssandraTaskSpec struct {
	// Cluster names the K8ssandraCluster. Its uid, which the operator writes, is the ring's id: a ring that is made anew under
	// the name is another one.
	Cluster corev1.ObjectReference `json:"cluster,omitempty"`
	// Datacenters by object name, in the order in which they are taken. When it is empty the operator writes all of the ring
	// down, in the order of the ring's spec, before the first one begins. Once written they stay as they are.
	Datacenters []string `json:"datacenters,omitempty"`
	// SkipDatacenters are left out: the task goes on and ends without those that haven't begun. For a region that is away. Ours.
	SkipDatacenters []string `json:"skipDatacenters,omitempty"`
	// DcConcurrencyPolicy: Forbid (the default) takes datacenters one by one; Allow takes them together.
	// +kubebuilder:validation:Enum=Allow;Forbid;Replace
	DcConcurrencyPolicy batchv1.ConcurrencyPolicy `json:"dcConcurrencyPolicy,omitempty"`
	// Template of the CassandraTask made in each datacenter.
	Template CassandraTaskTemplate `json:"template,omitempty"`
}

// K8ssandraTaskStatus sums up and lists the datacenters' tasks.
type K8ssandraTaskStatus struct {
	CassandraTaskStatus `json:",inline"`
	// Datacenters by object name.
	Datacenters map[string]CassandraTaskStatus `json:"datacenters,omitempty"`
	// Regions of the fleet besides the one that this copy is in. Ours.
	Regions []TaskRegion `json:"regions,omitempty"`
}

// TaskRegion is what is known of another region and its copy of the task.
type TaskRegion struct {
	// Region is its name.
	Region string `json:"region"`
	// Reachable says whether the region's API server answered last time.
	Reachable bool `json:"reachable"`
	// Since is when Reachable last changed.
	Since metav1.Time `json:"since,omitempty,omitzero"`
	// Revision of the task that the region holds.
	Revision string `json:"revision,omitempty"`
	// Message says what is wrong with it.
	Message string `json:"message,omitempty"`
}
