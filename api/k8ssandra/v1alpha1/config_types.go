package v1alpha1

// CassandraConfig is the configuration of the nodes.
type CassandraConfig struct {
	// CassandraYaml is cassandra.yaml, merged over the defaults.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	CassandraYaml Document `json:"cassandraYaml,omitempty"`

	// DseYaml is dse.yaml, for serverType dse.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	DseYaml Document `json:"dseYaml,omitempty"`

	// JvmOptions of the nodes.
	JvmOptions JvmOptions `json:"jvmOptions,omitempty,omitzero"`
}

// JvmOptions are the options of the Java virtual machine. Names and types are k8ssandra-operator's; unset means
// the default of the Cassandra version.
type JvmOptions struct {
	// Heap sizes. heapSize and heapNewGenSize are the deprecated spellings.

	HeapInitialSize *Quantity `json:"heap_initial_size,omitempty"`
	HeapMaxSize     *Quantity `json:"heap_max_size,omitempty"`
	HeapSize        *Quantity `json:"heapSize,omitempty"`
	HeapNewGenSize  *Quantity `json:"heapNewGenSize,omitempty"`

	// Garbage collection.

	// GC is the garbage collector; with Custom, additionalOptions must choose one.
	// +kubebuilder:validation:Enum=G1GC;CMS;ZGC;Shenandoah;Graal;Custom
	// +kubebuilder:default=G1GC
	GC                           string    `json:"gc,omitempty"`
	GCCMSHeapSizeYoungGeneration *Quantity `json:"gc_cms_heap_size_young_generation,omitempty"`
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	GCCMSInitiatingOccupancyFraction *int `json:"gc_cms_initiating_occupancy_fraction,omitempty"`
	GCCMSMaxTenuringThreshold        *int `json:"gc_cms_max_tenuring_threshold,omitempty"`
	GCCMSSurvivorRatio               *int `json:"gc_cms_survivor_ratio,omitempty"`
	GCCMSWaitDurationMs              *int `json:"gc_cms_wait_duration_ms,omitempty"`
	GCG1ConcThreads                  *int `json:"gc_g1_conc_threads,omitempty"`
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	GCG1InitiatingHeapOccupancyPercent *int `json:"gc_g1_initiating_heap_occupancy_percent,omitempty"`
	GCG1MaxGCPauseMs                   *int `json:"gc_g1_max_gc_pause_ms,omitempty"`
	GCG1ParallelThreads                *int `json:"gc_g1_parallel_threads,omitempty"`
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	GCG1RsetUpdatingPauseTimePercent *int      `json:"gc_g1_rset_updating_pause_time_percent,omitempty"`
	GCPrintApplicationStoppedTime    *bool     `json:"gc_print_application_stopped_time,omitempty"`
	GCPrintDateStamps                *bool     `json:"gc_print_date_stamps,omitempty"`
	GCPrintDetails                   *bool     `json:"gc_print_details,omitempty"`
	GCPrintFLSSStatistics            *bool     `json:"gc_print_flss_statistics,omitempty"`
	GCPrintHeap                      *bool     `json:"gc_print_heap,omitempty"`
	GCPrintLogFileSize               *Quantity `json:"gc_print_log_file_size,omitempty"`
	GCPrintNumberOfLogFiles          *int      `json:"gc_print_number_of_log_files,omitempty"`
	GCPrintPromotionFailure          *bool     `json:"gc_print_promotion_failure,omitempty"`
	GCPrintTenuringDistribution      *bool     `json:"gc_print_tenuring_distribution,omitempty"`
	GCPrintUseLogFile                *bool     `json:"gc_print_use_log_file,omitempty"`
	GCPrintUseLogFileRotation        *bool     `json:"gc_print_use_log_file_rotation,omitempty"`

	// The virtual machine.

	VMAlwaysPreTouch                       *bool     `json:"vm_always_pre_touch,omitempty"`
	VMCrashOnOutOfMemoryError              *bool     `json:"vm_crash_on_out_of_memory_error,omitempty"`
	VMDisableBiasedLocking                 *bool     `json:"vm_disable_biased_locking,omitempty"`
	VMDisablePerfSharedMem                 *bool     `json:"vm_disable_perf_shared_mem,omitempty"`
	VMEnableAssertions                     *bool     `json:"vm_enable_assertions,omitempty"`
	VMEnableNonRootThreadPriority          *bool     `json:"vm_enable_non_root_thread_priority,omitempty"`
	VMEnableThreadPriorities               *bool     `json:"vm_enable_thread_priorities,omitempty"`
	VMExitOnOutOfMemoryError               *bool     `json:"vm_exit_on_out_of_memory_error,omitempty"`
	VMGuaranteedSafepointIntervalMs        *int      `json:"vm_guaranteed_safepoint_interval_ms,omitempty"`
	VMHeapDumpOnOutOfMemoryError           *bool     `json:"vm_heap_dump_on_out_of_memory_error,omitempty"`
	VMPerThreadStackSize                   *Quantity `json:"vm_per_thread_stack_size,omitempty"`
	VMPreferIPv4                           *bool     `json:"vm_prefer_ipv4,omitempty"`
	VMPrintHeapHistogramOnOutOfMemoryError *bool     `json:"vm_print_heap_histogram_on_out_of_memory_error,omitempty"`
	VMResizeTLAB                           *bool     `json:"vm_resize_tlab,omitempty"`
	VMStringTableSize                      *Quantity `json:"vm_string_table_size,omitempty"`
	VMUseNUMA                              *bool     `json:"vm_use_numa,omitempty"`
	VMUseTLAB                              *bool     `json:"vm_use_tlab,omitempty"`

	// JMX.

	JMXConnectionType             *string `json:"jmx_connection_type,omitempty"`
	JMXPort                       *int    `json:"jmx_port,omitempty"`
	JMXRemoteSSL                  *bool   `json:"jmx_remote_ssl,omitempty"`
	JMXRemoteSSLOpts              *string `json:"jmx_remote_ssl_opts,omitempty"`
	JMXRemoteSSLRequireClientAuth *bool   `json:"jmx_remote_ssl_require_client_auth,omitempty"`

	// Cassandra's system properties.

	CassandraAvailableProcessors                  *int    `json:"cassandra_available_processors,omitempty"`
	CassandraDisableAuthCachesRemoteConfiguration *bool   `json:"cassandra_disable_auth_caches_remote_configuration,omitempty"`
	CassandraExpirationDateOverflowPolicy         *string `json:"cassandra_expiration_date_overflow_policy,omitempty"`
	CassandraForce30ProtocolVersion               *bool   `json:"cassandra_force_3_0_protocol_version,omitempty"`
	CassandraForceDefaultIndexingPageSize         *bool   `json:"cassandra_force_default_indexing_page_size,omitempty"`
	CassandraMaxHintTTLSeconds                    *int    `json:"cassandra_max_hint_ttl_seconds,omitempty"`
	CassandraMetricsReporterConfigFile            *string `json:"cassandra_metrics_reporter_config_file,omitempty"`
	CassandraRingDelayMs                          *int    `json:"cassandra_ring_delay_ms,omitempty"`
	CassandraTriggersDirectory                    *string `json:"cassandra_triggers_directory,omitempty"`
	CassandraWriteSurvey                          *bool   `json:"cassandra_write_survey,omitempty"`

	// Debugging.

	DebugDisableContendedAnnotations *bool `json:"debug_disable_contended_annotations,omitempty"`
	DebugEnableFlightRecorder        *bool `json:"debug_enable_flight_recorder,omitempty"`
	DebugListenRemoteDebuggers       *bool `json:"debug_listen_remote_debuggers,omitempty"`
	DebugLogCompilation              *bool `json:"debug_log_compilation,omitempty"`
	DebugNonSafepoints               *bool `json:"debug_non_safepoints,omitempty"`
	DebugPreserveFramePointer        *bool `json:"debug_preserve_frame_pointer,omitempty"`
	DebugUnlockCommercialFeatures    *bool `json:"debug_unlock_commercial_features,omitempty"`
	DebugUnlockDiagnosticVMOptions   *bool `json:"debug_unlock_diagnostic_vm_options,omitempty"`

	// Netty, NIO and the JDK.

	JDKAllowAttachSelf              *bool     `json:"jdk_allow_attach_self,omitempty"`
	NettyEventloopMaxpendingtasks   *int      `json:"netty_eventloop_maxpendingtasks,omitempty"`
	NettyTryReflectionSetAccessible *bool     `json:"netty_try_reflection_set_accessible,omitempty"`
	NIOAlignDirectMemory            *bool     `json:"nio_align_direct_memory,omitempty"`
	NIOMaxcachedbuffersize          *Quantity `json:"nio_maxcachedbuffersize,omitempty"`

	// Lines added as they are: to every options file, or to the one named.

	AdditionalOptions            []string `json:"additionalOptions,omitempty"`
	AdditionalJvmServerOptions   []string `json:"additionalJvmServerOptions,omitempty"`
	AdditionalJvm8ServerOptions  []string `json:"additionalJvm8ServerOptions,omitempty"`
	AdditionalJvm11ServerOptions []string `json:"additionalJvm11ServerOptions,omitempty"`
}
