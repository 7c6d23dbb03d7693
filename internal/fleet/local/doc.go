// Package local brings a fleet up on this machine: it describes the fleet's
// regions to ringspan-local, the embedded cloud, and drives that by its command
// line. Start reading at Cloud.
package local
