package ringspan;

import java.util.List;
import java.util.Map;

/**
 * What no MBean of Cassandra's offers: CQL as the node's internal client, without
 * login or open native port, and a look at the stores of certificates.
 */
public interface InternalMBean {
  /** Runs one statement at a consistency level ("NODE" = on this node only); returns the rows as text. */
  List<Map<String, String>> execute(String cql, String consistency) throws Exception;

  /** Says what is wrong with the stores of certificates: Cassandra itself only logs it when it is to read them again. */
  void checkCertificates() throws Exception;
}
