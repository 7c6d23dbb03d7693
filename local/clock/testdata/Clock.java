import java.io.*;
import java.time.Instant;

/** Answers every line with the wall clock in ns, as Instant and as currentTimeMillis, and the monotonic one. */
public class Clock {
    public static void main(String[] args) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in));
        var started = System.nanoTime();
        while (in.readLine() != null) {
            var now = Instant.now();
            System.out.println(now.getEpochSecond() * 1_000_000_000L + now.getNano()
                + " " + System.currentTimeMillis() * 1_000_000L + " " + (System.nanoTime() - started));
        }
    }
}
