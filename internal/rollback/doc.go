// Package rollback decides what a ring's spec is when its configuration goes back to one with which the ring was ready. Only
// configuration goes back: what has to do with data, members or who may log in stays as it is now, whatever the earlier spec says, and so
// do doors (ports, functions of users, agents of the JVM): what a person has closed or opened since then stays so.
// It is a list of what goes back, so that what isn't known here stays. It is pure. Start reading at Restore, then Choose.
package rollback
