// Package former is how the first version of the operator decided about revisions, word for word. Nothing but tests uses
// it: they let both versions work in one fleet. It must not be changed or mended.
package former
