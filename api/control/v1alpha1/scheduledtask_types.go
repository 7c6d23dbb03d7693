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
	// Schedule in cron's five fields, or a descriptor such as @daily or @every 12h; in UTC unless it begins with
	// CRON_TZ=ZONE.
	// +kubebuilder:validation:MinLength=1
	Schedule string `json:"schedule"`
	// TaskDetails is the task to make.
	TaskDetails TaskDetails `json:"taskDetails"`
}

// TaskDetails is a named task.
type TaskDetails struct {
	// Name of the tasks, before a dash and the time of the schedule in seconds since 1970.
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`

	CassandraTaskSpec `json:",inline"`
}

// ScheduledTaskStatus says when tasks were and will be made.
type ScheduledTaskStatus struct {
	// NextSchedule is the next time of the schedule, or the one whose task waits to be made.
	// +nullable
	NextSchedule metav1.Time `json:"nextSchedule,omitempty,omitzero"`
	// LastExecution is the time of the schedule that the last task was made for.
	// +nullable
	LastExecution metav1.Time `json:"lastExecution,omitempty,omitzero"`
	// Schedule is the one that the times are of. Ours.
	Schedule string `json:"schedule,omitempty"`
	// Since is from when on tasks are made: times of the schedule up to it are over, or were left out. Ours.
	// +nullable
	Since metav1.Time `json:"since,omitempty,omitzero"`
	// Conditions: Scheduled, FieldsNotActedOn. Ours.
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
