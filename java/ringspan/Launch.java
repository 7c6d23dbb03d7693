package ringspan;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import javax.management.ObjectName;
import org.apache.cassandra.service.CassandraDaemon;
import org.jolokia.jvmagent.JolokiaServer;
import org.jolokia.jvmagent.JolokiaServerConfig;

/**
 * Starts Cassandra with two additions: an MBean that runs CQL as the node
 * itself, and Jolokia's HTTP view of all MBeans on the loopback address. A main
 * class of our own, and not a Java agent, so that a class-data archive covers
 * everything.
 *
 * <p>The loopback address is not the node's alone: other containers of the pod
 * have it too. So Jolokia asks for a secret, the first line of standard input,
 * and JMX for the login of a file.
 */
public final class Launch {
  /** Tells the agent that the port is this JVM's: it shows its secret to nobody before. */
  private static final String LISTENS = "INFO  ringspan: Jolokia listens";

  private Launch() {}

  public static void main(String[] args) throws Exception {
    ManagementFactory.getPlatformMBeanServer().registerMBean(new Internal(), new ObjectName("ringspan:type=Internal"));
    String port = System.getProperty("ringspan.jolokia.port", "8778");
    // A thread for each request: Jolokia's single one would answer nobody during a compaction, and the node look as if it hung.
    new JolokiaServer(new JolokiaServerConfig(Map.of("host", "127.0.0.1", "port", port, "discoveryEnabled", "false", "executor", "cached",
        "user", "ringspan", "password", secret()))).start();
    System.out.println(LISTENS);
    askForLogin();
    CassandraDaemon.main(args);
  }

  /** The starter's secret; without one nobody knows it. */
  private static String secret() throws IOException {
    String line = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
    return line == null || line.isEmpty() ? UUID.randomUUID().toString() : line;
  }

  /** JMX asks for a login unless the user's own options say how it is. */
  private static void askForLogin() {
    String file = System.getProperty("ringspan.jmx.password.file");
    if (file == null || System.getProperty("com.sun.management.jmxremote.authenticate") != null) {
      return;
    }
    System.setProperty("com.sun.management.jmxremote.authenticate", "true");
    if (System.getProperty("com.sun.management.jmxremote.password.file") == null) {
      System.setProperty("com.sun.management.jmxremote.password.file", file);
    }
  }
}
