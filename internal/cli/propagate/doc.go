// Package propagate is the verb propagate, a file for each part: place, status, orphan. What
// they do to Propagations is internal/propagation/client's. Start reading at Command.
package propagate
