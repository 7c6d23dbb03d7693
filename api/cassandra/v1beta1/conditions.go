package v1beta1

// DatacenterConditionType is the type of a condition of a CassandraDatacenter.
type DatacenterConditionType string

// Condition types. All but the last three are cass-operator's.
const (
	// DatacenterReady: all nodes serve. Stays true while one rack is being rolled.
	DatacenterReady DatacenterConditionType = "Ready"
	// DatacenterInitialized: the first boot has been completed once; never false again.
	DatacenterInitialized DatacenterConditionType = "Initialized"
	// DatacenterReplacingNodes: nodes are being replaced.
	DatacenterReplacingNodes DatacenterConditionType = "ReplacingNodes"
	// DatacenterScalingUp: nodes are being added.
	DatacenterScalingUp DatacenterConditionType = "ScalingUp"
	// DatacenterScalingDown: nodes are being removed.
	DatacenterScalingDown DatacenterConditionType = "ScalingDown"
	// DatacenterUpdating: a change of the pod template is being rolled out.
	DatacenterUpdating DatacenterConditionType = "Updating"
	// DatacenterStopped: stopped as asked.
	DatacenterStopped DatacenterConditionType = "Stopped"
	// DatacenterResuming: starting again after having been stopped.
	DatacenterResuming DatacenterConditionType = "Resuming"
	// DatacenterRollingRestart: a rolling restart is under way.
	DatacenterRollingRestart DatacenterConditionType = "RollingRestart"
	// DatacenterValid: the spec can be acted on.
	DatacenterValid DatacenterConditionType = "Valid"
	// DatacenterDecommission: the datacenter is leaving the ring.
	DatacenterDecommission DatacenterConditionType = "Decommission"
	// DatacenterRequiresUpdate: this version of the operator would make other objects; nothing changes until asked.
	DatacenterRequiresUpdate DatacenterConditionType = "RequiresUpdate"
	// DatacenterRequiresConsent: the spec asks for a change that restarts or removes nodes, and a person has yet to allow it. Ours.
	DatacenterRequiresConsent DatacenterConditionType = "RequiresConsent"
	// DatacenterRingDisruptionBudget: the datacenters of the ring wait for each other before a node is taken down, as the annotation
	// DisruptionScopeAnnotation asks for. False names those that don't take part. Ours.
	DatacenterRingDisruptionBudget DatacenterConditionType = "RingDisruptionBudget"
	// DatacenterResizingVolumes: volumes are being made larger.
	DatacenterResizingVolumes DatacenterConditionType = "ResizingVolumes"
	// DatacenterHealthy: every node is up and agrees on the schema.
	DatacenterHealthy DatacenterConditionType = "Healthy"
	// DatacenterFieldsNotActedOn: the spec has fields that this version does not act on; the message names them. Ours.
	DatacenterFieldsNotActedOn DatacenterConditionType = "FieldsNotActedOn"
	// DatacenterMayMerge: nodes run, and there is another ring of their name that they may become one with. Ours.
	DatacenterMayMerge DatacenterConditionType = "MayMerge"
	// DatacenterDeleting: the datacenter is being deleted; the message says what that waits for. Ours.
	DatacenterDeleting DatacenterConditionType = "Deleting"
	// DatacenterSuperuserLogin: clients of the datacenter can log in with what the superuser's Secret here has; the message says
	// which version of it that is. Ours.
	DatacenterSuperuserLogin DatacenterConditionType = "SuperuserLogin"
	// DatacenterInsecure: nodes let everybody in who reaches their management API or JMX; the message names them. Ours.
	DatacenterInsecure DatacenterConditionType = "Insecure"
)

// Reasons of conditions and events.
const (
	// ReasonLost: it is being deleted although nobody asked for that, and is kept.
	ReasonLost = "Lost"
	// ReasonConsentRequired: the message says how it is allowed.
	ReasonConsentRequired = "ConsentRequired"
	// ReasonNotShared: another datacenter doesn't take part in the ring's disruption budget. Ours.
	ReasonNotShared = "NotShared"
	// ReasonWaiting: the message says what for.
	ReasonWaiting = "Waiting"
	// ReasonConfigRefused: Cassandra refused its configuration; the message has pod, key and Cassandra's words.
	ReasonConfigRefused = "ConfigRefused"
	// ReasonNodeFailed: a node ended; the message has its own words.
	ReasonNodeFailed = "NodeFailed"
	// ReasonDataLost: a member has lost its data; the message names it and says what to do.
	ReasonDataLost = "DataLost"
	// ReasonInvalidSpec: the spec can't be acted on; the message names the field.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonSecretMissing: a Secret that the spec names isn't there or lacks keys.
	ReasonSecretMissing = "SecretMissing"
	// ReasonNotActedOn: the message names the fields.
	ReasonNotActedOn = "NotActedOn"
	// ReasonManagementAPIOpen: the management API asks for no certificate.
	ReasonManagementAPIOpen = "ManagementApiOpen"
	// ReasonLoginDiffers: the superuser's Secret has another password than the nodes know, or another name.
	ReasonLoginDiffers = "LoginDiffers"
	// ReasonLoginElsewhere: not every datacenter of the ring is known to have the roles as they were written last.
	ReasonLoginElsewhere = "LoginElsewhere"
	// ReasonNodesReady: every node is up and normal.
	ReasonNodesReady = "NodesReady"
	// ReasonSameName: two rings have one name.
	ReasonSameName = "SameName"
	// ReasonDecommission: its nodes leave their ring before it is deleted.
	ReasonDecommission = "Decommission"
	// ReasonStillReplicated: the datacenter can't leave its ring, because keyspaces replicate there, or have no copy elsewhere.
	ReasonStillReplicated = "StillReplicated"
	// ReasonWithdrawing: keyspaces are repaired and taken from the datacenter, as the ring's owner has said.
	ReasonWithdrawing = "WithdrawingReplicas"
	// ReasonNodesLeft: all nodes of the datacenter have left their ring, and nothing of them is there.
	ReasonNodesLeft = "NodesLeft"
	// ReasonNotEnoughSpaceToScaleDown: nodes that stay would get more data than they have room for. cass-operator's.
	ReasonNotEnoughSpaceToScaleDown = "notEnoughSpaceToScaleDown"
	// ReasonReplacementRefused: a node that somebody wants replaced must not be.
	ReasonReplacementRefused = "ReplacementRefused"
	// ReasonTooManyReplicas: keyspaces have more replicas in the datacenter than it would have nodes.
	ReasonTooManyReplicas = "tooManyReplicasToScaleDown"
	// ReasonDecommissionFailed: a node could not leave its ring; the message has Cassandra's words.
	ReasonDecommissionFailed = "DecommissionFailed"
	// ReasonResizeFailed: a volume doesn't grow; the message has its claim and the claim's own condition.
	ReasonResizeFailed = "ResizeFailed"
	// ReasonReconciled: spec and cluster agree.
	ReasonReconciled = "Reconciled"
)
