package install

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const (
	// probePort serves /healthz and /readyz.
	probePort = 8081
	// operatorUser is an unprivileged user and group; any would do.
	operatorUser = 65532
)

// deployment is the operator's: one process, and never two at a time.
func deployment(o Options) *appsv1.Deployment {
	selector := map[string]string{"app.kubernetes.io/name": OperatorName}
	d := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: OperatorName, Labels: labels(OperatorName)},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1),
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels(OperatorName), Annotations: annotations(o)},
				Spec: corev1.PodSpec{
					ServiceAccountName: OperatorName,
					SecurityContext: &corev1.PodSecurityContext{
						RunAsNonRoot:   new(true),
						RunAsUser:      ptr.To[int64](operatorUser),
						RunAsGroup:     ptr.To[int64](operatorUser),
						SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
					// It holds no state; a new one may start at once.
					TerminationGracePeriodSeconds: ptr.To[int64](10),
					Containers:                    []corev1.Container{container(o)},
					Volumes:                       identityVolumes(o),
				},
			},
		},
	}
	if o.Fleet != "" {
		d.Annotations = map[string]string{FleetAnnotation: o.Fleet}
	}
	return d
}

// annotations change with the image, so that another build under the same tag replaces the pod.
func annotations(o Options) map[string]string {
	if o.ImageID == "" {
		return nil
	}
	return map[string]string{ImageIDAnnotation: o.ImageID}
}

func container(o Options) corev1.Container {
	args := []string{"run", "--region", o.Region, "--namespace", o.Namespace}
	if o.AgentImage != "" {
		args = append(args, "--agent-image", o.AgentImage)
	}
	return corev1.Container{
		Name:            "operator",
		Image:           o.Image,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Args:            args,
		Ports:           []corev1.ContainerPort{{Name: "probes", ContainerPort: probePort, Protocol: corev1.ProtocolTCP}},
		LivenessProbe:   probe("/healthz"),
		ReadinessProbe:  probe("/readyz"),
		Env:             identityEnvironment(o),
		VolumeMounts:    identityMounts(o),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("50m"),
				corev1.ResourceMemory: resource.MustParse("64Mi"),
			},
			Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			ReadOnlyRootFilesystem:   new(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

func probe(path string) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(probePort)}},
		PeriodSeconds:    5,
		FailureThreshold: 6,
	}
}
