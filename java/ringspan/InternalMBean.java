package ringspan;

import java.util.List;
import java.util.Map;

/** CQL as the node's internal client: no login, and no open native port needed. */
public interface InternalMBean {
  /** Runs one statement at a consistency level ("NODE" = on this node only); returns the rows as text. */
  List<Map<String, String>> execute(String cql, String consistency) throws Exception;
}
