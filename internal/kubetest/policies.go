package kubetest

import (
	"context"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// probeName is that of a policy, of its binding and of what it refuses.
	probeName = "kubetest-probe"
	// probePoll is how often an object is offered that must be refused.
	probePoll = 50 * time.Millisecond
)

// waitPolicies waits until the API server acts on the admission policies that were installed: it reads them some time after they
// are written, all at once. So it does when it refuses what a policy forbids that is written after them.
func waitPolicies(ctx context.Context, c client.Client) error {
	policy, binding := probe()
	for _, o := range []client.Object{policy, binding} {
		if err := c.Create(ctx, o); err != nil {
			return fmt.Errorf("making the policy that is waited for: %w", err)
		}
	}
	refused := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: probeName}}
	last := "it was never offered"
	err := wait.PollUntilContextCancel(ctx, probePoll, true, func(ctx context.Context) (bool, error) {
		err := c.Create(ctx, refused.DeepCopy(), client.DryRunAll)
		if last = "it was accepted"; err != nil {
			last = err.Error()
		}
		return apierrors.IsInvalid(err), nil
	})
	if err != nil {
		return fmt.Errorf("waiting until admission policies are in force: %w (a ConfigMap that must be refused: %s)", err, last)
	}
	for _, o := range []client.Object{binding, policy} {
		if err := c.Delete(ctx, o); err != nil {
			return fmt.Errorf("deleting the policy that was waited for: %w", err)
		}
	}
	return nil
}

// probe is a policy that forbids one ConfigMap.
func probe() (*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding) {
	policy := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: probeName}}
	policy.Spec.MatchConstraints = &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
		ResourceNames: []string{probeName},
		RuleWithOperations: admissionv1.RuleWithOperations{Operations: []admissionv1.OperationType{admissionv1.Create},
			Rule: admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}}},
	}}}
	policy.Spec.Validations = []admissionv1.Validation{{Expression: "false", Message: "admission policies are in force"}}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: probeName}}
	binding.Spec.PolicyName, binding.Spec.ValidationActions = probeName, []admissionv1.ValidationAction{admissionv1.Deny}
	return policy, binding
}
