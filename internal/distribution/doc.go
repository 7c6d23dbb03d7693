// Package distribution gets what a machine needs to run Cassandra without a
// container image: its jars by Maven, checked against a list of checksums, the
// launcher compiled from package java, and a class-data archive that makes
// starts cheaper. All of it is kept in a cache by version, and every step may be
// killed and done again. Start reading at Ensure.
package distribution
