package v1beta1

// AddressesExtension is the name of an extension of a cluster in a kubeconfig: further
// ways to the same API server, which a kubeconfig has no field for. It is an object with
// one field, addresses, a list of HOST:PORT in the order in which they are tried; all of
// them lead to who has the certificate of the cluster's server. Programs that don't know
// the extension use the server alone.
const AddressesExtension = "ringspan.io/addresses"

// Addresses is the extension's content.
type Addresses struct {
	Addresses []string `json:"addresses"`
}
