// Package world is what all services of the embedded AWS share: one account's
// clock, waits, lag, throttling, injected faults, the record of calls, ids, and
// the file that keeps the state over a restart.
//
// A World is locked for the whole of one call (Do); services keep plain values
// in tables (Table) and never lock. What takes time is a moment on the record
// ("available from 12:00:03") that a service's Settle looks at before each
// call, so that a test which advances the clock sees all that follows from it.
//
// The package knows neither the wire nor any service. Start reading at World.
package world
