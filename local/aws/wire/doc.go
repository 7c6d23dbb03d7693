// Package wire speaks AWS's protocols from the server's side: signatures,
// requests into Go structs, Go structs into answers, and errors in the shape
// that each protocol gives them.
//
// A call of a service is a plain method
//
//	func (a *API) CreateVpc(ctx context.Context, in *CreateVpcInput) (*CreateVpcOutput, error)
//
// and a service is a Go value whose methods of that form are its actions
// (Actions). Fields of inputs and outputs have the names of AWS's API reference
// (VpcId, CidrBlock); a tag is needed only where the wire says another name:
//
//	`wire:"tagSet"`     another name; "-" keeps a field off the wire
//	`wire:",omitempty"` leave an empty list out of the answer
//	`wire:",uri"`       part of the path, REST only
//	`wire:",query"`     part of the query string, REST only
//
// Parameters that an input doesn't have are refused by name: nothing is
// accepted that isn't acted on.
//
// The package knows no service and keeps no state. Start reading at Protocol;
// signatures are in sigv4.go.
package wire
