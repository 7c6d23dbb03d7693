// Package plan is the verb plan: it prints what up would do, as provision plans it. Start
// reading at Command, then compare.
package plan
