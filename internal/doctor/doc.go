// Package doctor says what is wrong with the network between regions, from what
// probes in them have measured. It is pure: Diagnose makes a Report of an
// Observation, one finding for one fault, and the report prints itself.
//
// Measuring is package probe's, and bringing probes into clusters is package
// pods'. What the cloud's own description shows is package network's; Findings
// are of one kind, and network.Explain joins them. Start reading at Diagnose.
package doctor
