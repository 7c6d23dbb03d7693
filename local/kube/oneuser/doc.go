// Package oneuser copes with user namespaces that map a single user, as one has
// them who isn't root: there is nobody else to run as, and no file can be given to
// somebody else. Start reading at Is and KeepOwners.
package oneuser
