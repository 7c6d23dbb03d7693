// Package task is the verb task, a file for each part: run, list, status, delete, commands. What they do to tasks is
// internal/task/client's. Start reading at Command.
package task
