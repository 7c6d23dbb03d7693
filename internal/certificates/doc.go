// Package certificates makes the certificates of the management API: an
// authority for each datacenter, the operator's certificate and the agents'. It
// says what is due and makes it; it neither reads nor writes Secrets.
//
// Start reading at Due. An authority is renewed with its own key, so that
// certificates and authorities of before and after a renewal fit each other: no
// order of who learns of it first can lock anybody out.
package certificates
