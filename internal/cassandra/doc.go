// Package cassandra knows how Cassandra is configured: it renders
// cassandra.yaml, cassandra-rackdc.properties, logback.xml and the JVM's flags
// out of the CONFIG_FILE_DATA document that cass-operator hands to its config
// builder. It is pure but for Files.Write. Start reading at Render.
package cassandra
