package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ScheduledTask makes CassandraTasks by a cron schedule.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=scheduledtasks,scope=Namespaced
// +kubebuilder:printcolumn:name="Schedule",type=string,JSONPath=`.spec.schedule`
// +kubebuilder:printcolumn:name="Next",type=date,JSONPath=`.status.nextSchedule`
// +kubebuilder:printcolumn:name="Last",type=date,JSONPath=`.status.lastExecution`
type ScheduledTask struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ScheduledTaskSpec   `json:"spec,omitempty"`
	Status ScheduledTaskStatus `json:"status,omitempty"`
}

// ScheduledTaskList is a list of ScheduledTask.
//
// +kubebuilder:object:root=true
type ScheduledTaskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScheduledTask `json:"items"`
}

// ScheduledTaskSpec is a schedule and the task to make.
type ScheduledTaskSpec struct {
	// Schedule in cron's five fields, UTC.
	// +kubebuilder:validation:MinLength=1
	Schedule string `json:"schedule"`
	// TaskDetails is the task to make.
	TaskDetails TaskDetails `json:"taskDetails"`
}

// TaskDetails is a named task.
type TaskDetails struct {
	// Name of the tasks, before a dash and the time in seconds since 1970.
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`

	CassandraTaskSpec `json:",inline"`
}

// ScheduledTaskStatus says when tasks were and will be made.
type ScheduledTaskStatus struct {
	// +nullable
	NextSchedule metav1.Time `json:"nextSchedule,omitempty,omitzero"`
	// +nullable
	LastExecution metav1.Time `json:"lastExecution,omitempty,omitzero"`
	// Conditions: FieldsNotActedOn. Ours.
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
