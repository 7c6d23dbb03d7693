// Package invocation is what the verbs of ringspan share about a call of the program: the
// flags that choose a fleet, an account of AWS or a node, and what they lead to; the
// checks of arguments; the formats of the output; the errors that are an exit code. It
// knows no verb, and changes nothing. Start reading at Fleet.
package invocation
