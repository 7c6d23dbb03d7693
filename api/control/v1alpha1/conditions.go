package v1alpha1

// Condition types of tasks.
const (
	// JobRunning: the task is running.
	JobRunning = "Running"
	// JobComplete: the task has ended, and well unless JobFailed is true too. It is false of a rebuild that has failed.
	JobComplete = "Complete"
	// JobFailed: a pod's job failed for good, or the task can't be run.
	JobFailed = "Failed"
	// DatacenterUpdated: the datacenter was allowed to take up what was held back.
	DatacenterUpdated = "DatacenterUpdated"
	// Invalid: a K8ssandraTask that can't be carried out.
	Invalid = "Invalid"
	// Skipped: a datacenter of a K8ssandraTask that a person has left out. Ours.
	Skipped = "Skipped"
	// RegionsReachable: all regions of a K8ssandraTask's fleet answer. Ours.
	RegionsReachable = "RegionsReachable"
	// Diverged: two regions hold different K8ssandraTasks of one name, and a person must choose. Ours.
	Diverged = "Diverged"
	// Deleting: how the deletion of a K8ssandraTask goes. Ours.
	Deleting = "Deleting"
	// Scheduled: the tasks of a ScheduledTask are made at their times. Ours.
	Scheduled = "Scheduled"
	// FieldsNotActedOn: the message names what this version does not act on. Ours.
	FieldsNotActedOn = "FieldsNotActedOn"
)

// Reasons of conditions and events of tasks.
const (
	ReasonRunning             = "Running"
	ReasonWaiting             = "Waiting"
	ReasonCompleted           = "Completed"
	ReasonUpdateAllowed       = "UpdateAllowed"
	ReasonPodsFailed          = "PodsFailed"
	ReasonCommandNotSupported = "CommandNotSupported"
	ReasonInvalidTask         = "InvalidTask"
	ReasonDatacenterNotFound  = "DatacenterNotFound"
	ReasonKindNotActedOn      = "KindNotActedOn"
	ReasonFieldNotActedOn     = "FieldNotActedOn"
	ReasonClusterNotFound     = "ClusterNotFound"
	ReasonDatacentersFailed   = "DatacentersFailed"
	ReasonDatacenterFailed    = "DatacenterFailed"
	ReasonScheduled           = "Scheduled"
	ReasonInvalidSchedule     = "InvalidSchedule"
	ReasonTaskMade            = "TaskMade"
	ReasonTimeLeftOut         = "TimeLeftOut"
)

// Labels and annotations of tasks.
const (
	// StatusLabel is StatusActive or StatusCompleted on a CassandraTask that was begun.
	StatusLabel     = "control.k8ssandra.io/status"
	StatusActive    = "active"
	StatusCompleted = "completed"
	// DatacenterUIDAnnotation on a CassandraTask is the UID of the CassandraDatacenter that it was begun on. Ours.
	DatacenterUIDAnnotation = "ringspan.io/datacenter-uid"
	// BegunGenerationAnnotation on a CassandraTask is the generation of the spec that it was begun with. Ours.
	BegunGenerationAnnotation = "ringspan.io/begun-generation"
	// RestartedAtAnnotation on a pod template is when a restart was asked for, RFC 3339.
	RestartedAtAnnotation = "control.k8ssandra.io/restartedAt"
	// TaskIDAnnotation is a K8ssandraTask's id, on all of its copies and CassandraTasks. Ours.
	TaskIDAnnotation = "ringspan.io/task-id"
	// ScheduledTaskLabel on a CassandraTask names the ScheduledTask that it was made by. Ours.
	ScheduledTaskLabel = "ringspan.io/scheduled-task"
	// ScheduledTaskUIDAnnotation is that one's UID. Ours.
	ScheduledTaskUIDAnnotation = "ringspan.io/scheduled-task-uid"
	// ScheduledForAnnotation is the time of the schedule that the task was made for, RFC 3339. Ours.
	ScheduledForAnnotation = "ringspan.io/scheduled-for"
	// K8ssandraTaskFinalizer keeps a K8ssandraTask until its CassandraTasks are gone.
	K8ssandraTaskFinalizer = "control.k8ssandra.io/finalizer"
)

// Defaults of a task.
const (
	// DefaultTTLSeconds is a day.
	DefaultTTLSeconds = 86400
	// DefaultRetries of one pod's job.
	DefaultRetries = 1
	// DefaultMaxConcurrentPods of one rack.
	DefaultMaxConcurrentPods = 1
)
