// Package doctor is the verb doctor: it measures how regions reach each other, asks the
// cloud's API what explains what was found, and prints both as one report. What is wrong is
// decided by internal/doctor and internal/network. Start reading at Command.
package doctor
