# Cassandra's scripts read this file (CASSANDRA_INCLUDE) in place of their own
# cassandra.in.sh, so that one is read first. nodetool then gets the login that the
# agent made for this run of the JVM, before its other arguments, unless they bring one:
# where JVM options say how JMX logs in, that one counts, and a file would win over it.
for include in "`dirname "$0"`/cassandra.in.sh" "$HOME/.cassandra.in.sh" /usr/share/cassandra/cassandra.in.sh \
               /usr/local/share/cassandra/cassandra.in.sh /opt/cassandra/cassandra.in.sh; do
    if [ -r "$include" ]; then
        . "$include"
        break
    fi
done
login="`dirname "$CASSANDRA_INCLUDE"`/jmx/nodetool.password"
for argument in "$@"; do
    case "$argument" in
        -u|--username|--username=*) login= ;;
    esac
done
if [ "`basename "$0"`" = nodetool ] && [ -n "$login" ] && [ -r "$login" ]; then
    set -- -u ringspan -pwf "$login" "$@"
fi
