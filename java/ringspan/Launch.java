package ringspan;

import java.lang.management.ManagementFactory;
import java.util.Map;
import javax.management.ObjectName;
import org.apache.cassandra.service.CassandraDaemon;
import org.jolokia.jvmagent.JolokiaServer;
import org.jolokia.jvmagent.JolokiaServerConfig;

/**
 * Starts Cassandra with two additions: an MBean that runs CQL as the node
 * itself, and Jolokia's HTTP view of all MBeans on the loopback address. A main
 * class of our own, and not a Java agent, so that a class-data archive covers
 * everything.
 */
public final class Launch {
  private Launch() {}

  public static void main(String[] args) throws Exception {
    ManagementFactory.getPlatformMBeanServer().registerMBean(new Internal(), new ObjectName("ringspan:type=Internal"));
    String port = System.getProperty("ringspan.jolokia.port", "8778");
    new JolokiaServer(new JolokiaServerConfig(Map.of("host", "127.0.0.1", "port", port, "discoveryEnabled", "false"))).start();
    CassandraDaemon.main(args);
  }
}
