package install

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/config/admission"
)

// policyAction is an annotation of a policy: what becomes of a request that it doesn't agree with. Deny when there is none.
const policyAction = "ringspan.io/validation-action"

// Policies returns the admission policies, each with its binding. A policy refuses or warns, and never does both.
func Policies() ([]client.Object, error) {
	policies, err := decodeAll[admissionv1.ValidatingAdmissionPolicy](admission.Files)
	if err != nil {
		return nil, err
	}
	var objects []client.Object
	for _, p := range policies {
		p.Labels = labels(p.Name)
		objects = append(objects, p, policyBinding(p.Name, actionOf(p)))
	}
	return objects, nil
}

func actionOf(p *admissionv1.ValidatingAdmissionPolicy) admissionv1.ValidationAction {
	if a := p.Annotations[policyAction]; a != "" {
		return admissionv1.ValidationAction(a)
	}
	return admissionv1.Deny
}

func policyBinding(name string, action admissionv1.ValidationAction) *admissionv1.ValidatingAdmissionPolicyBinding {
	return &admissionv1.ValidatingAdmissionPolicyBinding{
		TypeMeta: metav1.TypeMeta{
			APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "ValidatingAdmissionPolicyBinding",
		},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels(name)},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName:        name,
			ValidationActions: []admissionv1.ValidationAction{action},
		},
	}
}
