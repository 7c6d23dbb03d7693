// Package images is the verb images: it makes container images of the operator and the
// agent, and pushes or saves them. Start reading at Command.
package images
