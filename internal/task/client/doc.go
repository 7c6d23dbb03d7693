// Package client is what people do with tasks from outside: begin one, look at all, delete one. It goes through the API servers
// of the regions with the rights of who runs it, and leaves everything else to the regions' operators.
//
// Look reads; everything else of what is shown or asked for is decided from what was seen. Start reading at Request and View.
package client
