// Package schedule decides about ScheduledTasks: at which time of its schedule one makes a CassandraTask, and when it makes
// none. Deciding is pure but for Parse, which reads the rules of a time zone: State holds everything that was seen, Make
// returns a Plan, Summarize the status. The loop that reads and writes is in schedule/controller; what becomes of a
// CassandraTask is package task's.
//
// A task is named by the time that it is made for, so that a time has one task however often it is decided. Of times that
// were missed only the last one gets its task. Start reading at Make.
package schedule
