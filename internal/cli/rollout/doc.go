// Package rollout is the verb rollout, with the parts that kubectl's has: the configurations with which a ring was ready, and going
// back to one. What goes back is package rollback's to say, what that does to nodes package preview's. Start reading at Command, then
// undo.run.
package rollout
