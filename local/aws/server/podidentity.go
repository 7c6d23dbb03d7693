package server

import (
	"fmt"
	"time"

	"github.com/ringspan/ringspan/local/aws/iam"
)

// podCredentialsLife is for how long a pod's credentials are good ("Understand how
// EKS Pod Identity works", Amazon EKS User Guide: at most six hours).
const podCredentialsLife = 6 * time.Hour

// PodCredentials are temporary ones of the role that a service account of a
// cluster (region/name) has by EKS Pod Identity.
func (s *Server) PodCredentials(cluster, namespace, account string) (k iam.Key, err error) {
	failed := s.world.Do(func() bool {
		arn := s.eks.PodRole(cluster, namespace, account)
		if arn == "" {
			err = fmt.Errorf("service account %s/%s has no role: there is no pod identity association of it in cluster %s", namespace, account, cluster)
			return false
		}
		role := s.iam.RoleByARN(arn)
		if role == nil {
			err = fmt.Errorf("role %s of service account %s/%s is gone", arn, namespace, account)
			return false
		}
		k = s.iam.Assume(role, "eks-"+namespace+"-"+account, podCredentialsLife)
		return true
	})
	if err == nil {
		err = failed
	}
	return k, err
}
