// Package server is the embedded AWS as one HTTP handler: it finds the service
// and region of a request in its signature, checks who asks, lets the world
// admit the call, runs it, and writes the answer in the service's protocol.
// Below /_cloud/ it can be driven: clock, faults, quotas (drive.go).
//
// What the services do is in their packages. Start reading at Server.
package server
