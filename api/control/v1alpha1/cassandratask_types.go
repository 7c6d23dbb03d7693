package v1alpha1

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CassandraTask is one operation over the pods of a datacenter.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=cassandratasks,scope=Namespaced
// +kubebuilder:printcolumn:name="Datacenter",type=string,JSONPath=`.spec.datacenter.name`
// +kubebuilder:printcolumn:name="Job",type=string,JSONPath=`.spec.jobs[0].command`
// +kubebuilder:printcolumn:name="Scheduled",type=date,JSONPath=`.spec.scheduledTime`
// +kubebuilder:printcolumn:name="Started",type=date,JSONPath=`.status.startTime`
// +kubebuilder:printcolumn:name="Completed",type=date,JSONPath=`.status.completionTime`
type CassandraTask struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   CassandraTaskSpec   `json:"spec,omitempty"`
	Status CassandraTaskStatus `json:"status,omitempty"`
}

// CassandraTaskList is a list of CassandraTask.
//
// +kubebuilder:object:root=true
type CassandraTaskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CassandraTask `json:"items"`
}

// CassandraTaskSpec is a task template and the datacenter that it is for.
type CassandraTaskSpec struct {
	// Datacenter names the CassandraDatacenter; its namespace is the task's when empty.
	Datacenter corev1.ObjectReference `json:"datacenter,omitempty"`

	CassandraTaskTemplate `json:",inline"`
}

// CassandraTaskTemplate is what to do, when and how.
type CassandraTaskTemplate struct {
	// ScheduledTime is the earliest time to start; at once when unset.
	// +nullable
	ScheduledTime *metav1.Time `json:"scheduledTime,omitempty"`

	// Jobs has exactly one job.
	Jobs []CassandraJob `json:"jobs,omitempty"`

	// RestartPolicy: OnFailure (the default) tries a pod's job again, up to retries times; Never does not.
	// +kubebuilder:validation:Enum=Always;OnFailure;Never
	RestartPolicy corev1.RestartPolicy `json:"restartPolicy,omitempty"`

	// Retries is how often the job of one pod is tried again; 1 when unset.
	// +kubebuilder:validation:Minimum=0
	Retries *int `json:"retries,omitempty"`

	// TTLSecondsAfterFinished is after how many seconds a finished task is deleted; a day when unset, 0 keeps it.
	// +kubebuilder:validation:Minimum=0
	TTLSecondsAfterFinished *int32 `json:"ttlSecondsAfterFinished,omitempty"`

	// ConcurrencyPolicy: Forbid (the default) waits until no other task runs on the datacenter; Allow does not.
	// +kubebuilder:validation:Enum=Allow;Forbid;Replace
	ConcurrencyPolicy batchv1.ConcurrencyPolicy `json:"concurrencyPolicy,omitempty"`

	// MaxConcurrentPods is how many pods of one rack work at once; 1 when unset. Racks go one by one.
	// +kubebuilder:validation:Minimum=0
	MaxConcurrentPods *int `json:"maxConcurrentPods,omitempty"`
}

// CassandraCommand is what a job does.
type CassandraCommand string

// Commands of CassandraTask.
const (
	CommandCleanup         CassandraCommand = "cleanup"
	CommandRebuild         CassandraCommand = "rebuild"
	CommandRestart         CassandraCommand = "restart"
	CommandUpgradeSSTables CassandraCommand = "upgradesstables"
	CommandReplaceNode     CassandraCommand = "replacenode"
	CommandCompaction      CassandraCommand = "compact"
	CommandScrub           CassandraCommand = "scrub"
	CommandMove            CassandraCommand = "move"
	CommandGarbageCollect  CassandraCommand = "garbagecollect"
	CommandFlush           CassandraCommand = "flush"
	CommandRefresh         CassandraCommand = "refresh"
	CommandTSReload        CassandraCommand = "tsreload"
)

// CassandraJob is one command with its arguments.
type CassandraJob struct {
	// Name for people.
	Name string `json:"name"`
	// Command: cleanup, rebuild, restart, upgradesstables, replacenode, compact, scrub, move, garbagecollect, flush,
	// refresh or tsreload.
	Command CassandraCommand `json:"command"`
	// Arguments of the command.
	Arguments JobArguments `json:"args,omitempty"`
}

// JobArguments are the arguments of all commands; each command reads its own.
type JobArguments struct {
	KeyspaceName string `json:"keyspace_name,omitempty"`
	// SourceDatacenter is where rebuild streams from.
	SourceDatacenter string `json:"source_datacenter,omitempty"`
	// PodName limits the task to one pod.
	PodName string `json:"pod_name,omitempty"`
	// RackName limits the task to one rack.
	RackName      string   `json:"rack,omitempty"`
	Tables        []string `json:"tables,omitempty"`
	JobsCount     *int     `json:"jobs,omitempty"`
	NoValidate    bool     `json:"no_validate,omitempty"`
	NoSnapshot    bool     `json:"no_snapshot,omitempty"`
	SkipCorrupted bool     `json:"skip_corrupted,omitempty"`
	SplitOutput   bool     `json:"split_output,omitempty"`
	StartToken    string   `json:"start_token,omitempty"`
	EndToken      string   `json:"end_token,omitempty"`
	// NewTokens by pod name, for move.
	NewTokens map[string]string `json:"new_tokens,omitempty"`
	// Fast restarts all pods of a rack at once.
	Fast bool `json:"fast,omitempty"`
	// Force restarts although other racks are not healthy.
	Force bool `json:"force,omitempty"`
}

// CassandraTaskStatus says how far a task is.
type CassandraTaskStatus struct {
	// StartTime is when the first pod began.
	// +nullable
	StartTime *metav1.Time `json:"startTime,omitempty"`
	// CompletionTime is when the last pod ended, well or not.
	// +nullable
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`
	// Active is the number of tasks running: 1 or 0.
	Active int `json:"active,omitempty"`
	// Succeeded is the number of pods whose job ended well.
	Succeeded int `json:"succeeded,omitempty"`
	// Failed is the number of pods whose job failed for good.
	Failed int `json:"failed,omitempty"`
	// Conditions: Running, Complete, Failed, DatacenterUpdated.
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// PodStatuses by pod name.
	PodStatuses map[string]PodTaskStatus `json:"podStatuses,omitempty"`
}

// PodTaskState is the state of one pod's job.
type PodTaskState string

// States of one pod's job.
const (
	PodTaskWaiting   PodTaskState = "WAITING"
	PodTaskRunning   PodTaskState = "RUNNING"
	PodTaskCompleted PodTaskState = "COMPLETED"
	PodTaskError     PodTaskState = "ERROR"
)

// PodTaskStatus is how far one pod's job is.
type PodTaskStatus struct {
	Status PodTaskState `json:"status,omitempty"`
	// JobID is the management API's id of the job.
	JobID string `json:"jobId,omitempty"`
	// Retries is how often the job was tried again.
	Retries int `json:"retries,omitempty"`
	// Error of the last try, in the node's words.
	Error string `json:"error,omitempty"`
	// +nullable
	StartTime *metav1.Time `json:"startTime,omitempty"`
	// +nullable
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`
}
