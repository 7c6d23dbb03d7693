package controlplane

import (
	"context"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// ConfineVolumes lets the cluster's API refuse volumes that name directories of this
// machine: nodes have no file system of their own here. The container runtime mounts
// nothing of the kind either; but the kubelet would already have made the directories
// that a hostPath asks for, and people hear of a refusal sooner.
//
// volumes is the directory in which the cluster's volumes are made.
func ConfineVolumes(ctx context.Context, client kubernetes.Interface, volumes string) error {
	for _, p := range []struct{ resource, name, rule, message string }{
		{
			"pods", "no-host-paths.embedded.ringspan.io",
			"!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.hostPath))",
			"pods of the embedded cloud see no directories of this machine: use a volume claim or an emptyDir instead of a hostPath",
		},
		{
			"persistentvolumes", "volumes-in-their-place.embedded.ringspan.io",
			fmt.Sprintf("!has(object.spec.hostPath) && (!has(object.spec.local) || object.spec.local.path.startsWith(%q))", volumes+"/"),
			"volumes of the embedded cloud lie in the cluster's own directory: claim one of a storage class, which makes it",
		},
	} {
		if err := refuse(ctx, client, p.resource, p.name, p.rule, p.message); err != nil {
			return fmt.Errorf("policy %s: %w", p.name, err)
		}
	}
	return nil
}

// refuse makes a policy with its binding, or brings them up to date.
func refuse(ctx context.Context, client kubernetes.Interface, resource, name, rule, message string) error {
	fail, equivalent := admissionv1.Fail, admissionv1.Equivalent
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &fail,
			MatchConstraints: &admissionv1.MatchResources{MatchPolicy: &equivalent, ResourceRules: []admissionv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
					Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"*"}, Resources: []string{resource}},
				},
			}}},
			Validations: []admissionv1.Validation{{Expression: rule, Message: message}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}},
	}
	policies, bindings := client.AdmissionregistrationV1().ValidatingAdmissionPolicies(), client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	_, err := policies.Create(ctx, policy, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) { // of an earlier run, whose volumes may have been elsewhere
		var there *admissionv1.ValidatingAdmissionPolicy
		if there, err = policies.Get(ctx, name, metav1.GetOptions{}); err == nil {
			there.Spec = policy.Spec
			_, err = policies.Update(ctx, there, metav1.UpdateOptions{})
		}
	}
	if err != nil {
		return err
	}
	_, err = bindings.Create(ctx, binding, metav1.CreateOptions{})
	return ignoreExisting(err)
}
