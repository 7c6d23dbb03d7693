// Package status is the verb status: it prints the rings of a fleet as ringview reads them,
// above them what they stand on, once or again and again. Start reading at Command.
package status
