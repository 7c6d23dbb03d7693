// Package mgmtapi is the client of the management API for Apache Cassandra, as
// ringspan-agent serves it (with the extensions of
// docs/reference/management-api.md) and, for the documented calls, the stock
// management API too. Node is what controllers use, by concern (a file each);
// Client is the real one, over HTTP (client.go).
package mgmtapi
