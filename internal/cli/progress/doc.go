// Package progress shows people what a long command does: its phases with their
// times, what happened, and for every subject what is being waited for, and on
// whom. On a terminal that is a live view with the regions side by side, else
// plain lines. It decides nothing and never fails the command. Start reading at
// New.
package progress
