package install

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/ringspan/ringspan/internal/fleet/aws/login"
)

// What a pod needs to take its role from the agent of EKS Pod Identity. EKS adds the same to pods of service accounts
// with a role, if it knows of the role by then; the operator may be made sooner.

// identityLife is how long the service account's token is good for, in seconds, as EKS sets it.
const identityLife = 86400

func identityEnvironment(o Options) []corev1.EnvVar {
	all := podEnvironment()
	if !o.EKS {
		return all
	}
	return append(all, []corev1.EnvVar{
		{Name: login.CredentialsVariable, Value: login.CredentialsURL},
		{Name: login.TokenFileVariable, Value: login.TokenDir + "/" + login.TokenName},
	}...)
}

func identityMounts(o Options) []corev1.VolumeMount {
	if !o.EKS {
		return nil
	}
	return []corev1.VolumeMount{{Name: login.TokenName, MountPath: login.TokenDir, ReadOnly: true}}
}

func identityVolumes(o Options) []corev1.Volume {
	if !o.EKS {
		return nil
	}
	return []corev1.Volume{{Name: login.TokenName, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
			Audience: login.Audience, ExpirationSeconds: ptr.To[int64](identityLife), Path: login.TokenName,
		}}},
	}}}}
}
