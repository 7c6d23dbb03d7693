// Package plan is what all planners have in common: a step in words, what is
// waited for and on whom, and how both print. The text is what golden tests
// compare, what a dry run shows and what conditions say. It is pure. Start
// reading at Step.
package plan
