package install

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/config/admission"
)

// Policies returns the admission policies, each with its binding. A policy refuses; it never warns only.
func Policies() ([]client.Object, error) {
	policies, err := decodeAll[admissionv1.ValidatingAdmissionPolicy](admission.Files)
	if err != nil {
		return nil, err
	}
	var objects []client.Object
	for _, p := range policies {
		p.Labels = labels(p.Name)
		objects = append(objects, p, policyBinding(p.Name))
	}
	return objects, nil
}

func policyBinding(name string) *admissionv1.ValidatingAdmissionPolicyBinding {
	return &admissionv1.ValidatingAdmissionPolicyBinding{
		TypeMeta: metav1.TypeMeta{
			APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "ValidatingAdmissionPolicyBinding",
		},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels(name)},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName:        name,
			ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
}
