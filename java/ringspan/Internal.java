package ringspan;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.management.ObjectName;
import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.cql3.ColumnSpecification;
import org.apache.cassandra.cql3.QueryProcessor;
import org.apache.cassandra.cql3.UntypedResultSet;
import org.apache.cassandra.db.ConsistencyLevel;
import org.apache.cassandra.security.SSLFactory;

public final class Internal implements InternalMBean {
  private static final String STORAGE_SERVICE = "org.apache.cassandra.db:type=StorageService";

  @Override
  public List<Map<String, String>> execute(String cql, String consistency) throws Exception {
    refuseDuringStart();
    UntypedResultSet result = consistency.equals("NODE")
        ? QueryProcessor.executeInternal(cql)
        : QueryProcessor.process(cql, ConsistencyLevel.valueOf(consistency));
    List<Map<String, String>> rows = new ArrayList<>();
    if (result == null) {
      return rows;
    }
    for (UntypedResultSet.Row row : result) {
      Map<String, String> out = new LinkedHashMap<>();
      for (ColumnSpecification column : row.getColumns()) {
        String name = column.name.toString();
        if (row.has(name)) {
          ByteBuffer bytes = row.getBytes(name);
          out.put(name, column.type.asCQL3Type().toCQLLiteral(bytes));
        }
      }
      rows.add(out);
    }
    return rows;
  }

  @Override
  public void checkCertificates() throws Exception {
    refuseDuringStart();
    SSLFactory.validateSslCerts(DatabaseDescriptor.getInternodeMessagingEncyptionOptions(), DatabaseDescriptor.getNativeProtocolEncryptionOptions());
  }

  /**
   * What comes before Cassandra has read its configuration would initialize its
   * classes without one, and break the start for good.
   */
  private static void refuseDuringStart() throws Exception {
    if (!ManagementFactory.getPlatformMBeanServer().isRegistered(new ObjectName(STORAGE_SERVICE))) {
      throw new IllegalStateException("Cassandra is still starting");
    }
  }
}
