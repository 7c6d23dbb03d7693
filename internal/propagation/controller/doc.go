// Package controller carries out what package propagation decides: it agrees with the other regions about each Propagation
// (package federation/controller), reads and writes this region's objects as the service account that the Propagation names,
// and reports. It has no rights of its own on such objects: a namespace lets it act as one of its service accounts, or not.
//
// Start reading at Reconcile.
package controller
