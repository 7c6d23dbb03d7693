// Package volumes provides dynamic volumes on one machine: a directory and a
// local PersistentVolume for every claim whose pod the scheduler has placed, as
// the local-path provisioner does, and larger ones for claims that ask for more (resize.go). Start reading at Run.
package volumes
