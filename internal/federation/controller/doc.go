// Package controller is the life of a region's copies of shared objects, for any kind: it observes, lets federation.Decide
// decide, and writes. What an object makes in the region, and what its status says besides, is the business of the kind's
// own loop, which hands over its Parts and goes on where Pass ends.
//
// It writes this region's copies only. Start reading at Pass.
package controller
