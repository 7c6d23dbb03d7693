# Cassandra's scripts read this file (CASSANDRA_INCLUDE) in place of their own
# cassandra.in.sh, so that one is read first. nodetool then gets the login that the
# agent made for this run of the JVM, before its other arguments.
for include in "`dirname "$0"`/cassandra.in.sh" "$HOME/.cassandra.in.sh" /usr/share/cassandra/cassandra.in.sh \
               /usr/local/share/cassandra/cassandra.in.sh /opt/cassandra/cassandra.in.sh; do
    if [ -r "$include" ]; then
        . "$include"
        break
    fi
done
login="`dirname "$CASSANDRA_INCLUDE"`/jmx/nodetool.password"
if [ "`basename "$0"`" = nodetool ] && [ -r "$login" ]; then
    set -- -u ringspan -pwf "$login" "$@"
fi
