package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.tier.object.s3.S3TestServer;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An application that is deployed again and again leaves nothing behind: threads that outlive its
 * store keep neither its class loader nor anything of it.
 *
 * <p>In a JVM of its own, where the collector clears soft references: the JDK's method handles keep
 * classes of records by some.
 */
@Timeout(300)
@Tag("campaign")
class RedeployTest {

  @TempDir Path folder;

  @Test
  void shouldKeepNoClassLoader() throws Exception {
    try (S3TestServer s3 = S3TestServer.start()) {
      run(s3);
    }
  }

  private void run(S3TestServer s3) throws Exception {
    Path output = folder.resolve("output");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:SoftRefLRUPolicyMSPerMB=0",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Server.class.getName(),
                folder.toString(),
                s3.url("redeploy"))
            .redirectError(folder.resolve("errors").toFile())
            .redirectOutput(output.toFile());
    List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS").forEach(builder.environment()::remove);
    builder
        .environment()
        .putAll(
            Map.of(
                "AWS_ACCESS_KEY_ID",
                s3.credentials().resolveCredentials().accessKeyId(),
                "AWS_SECRET_ACCESS_KEY",
                s3.credentials().resolveCredentials().secretAccessKey()));
    Process server = builder.start();
    try {
      assertThat(server.waitFor(280, TimeUnit.SECONDS)).isTrue();
    } finally {
      server.destroyForcibly();
    }
    assertThat(Files.readAllLines(output))
        .as(Files.readString(folder.resolve("errors")))
        .containsExactly("deployed", "collected");
  }

  /** A server whose threads outlive what it deploys. */
  static final class Server {

    private static final int GC_TRIES = 200;

    private final ExecutorService platform = Executors.newSingleThreadExecutor();
    private final ExecutorService virtual =
        Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws Exception {
      Path folder = Path.of(args[0]);
      WeakReference<ClassLoader> loader =
          new Server().deploy(folder, List.of("", "file:" + folder.resolve("objects"), args[1]));
      System.out.println("deployed");
      for (int i = 0; i < GC_TRIES && loader.get() != null; i++) {
        System.gc();
        Thread.sleep(20);
      }
      System.out.println(loader.get() == null ? "collected" : "left");
      System.exit(0); // its threads have not ended
    }

    /** Deploys the application, has it work on every kind of thread, and takes it away. */
    private WeakReference<ClassLoader> deploy(Path folder, List<String> tiers) throws Exception {
      try (URLClassLoader loader = newLoader()) {
        Class<?> type = loader.loadClass(DeployedApp.class.getName());
        @SuppressWarnings("unchecked")
        Consumer<String> app = (Consumer<String>) type.getConstructor().newInstance();
        for (String tier : tiers) {
          app.accept("open " + folder.resolve("store" + tiers.indexOf(tier)) + " " + tier);
          for (ExecutorService server : List.of(platform, virtual)) {
            server.submit(() -> app.accept("request")).get();
            if (!tier.isEmpty()) {
              server.submit(() -> app.accept("tier")).get();
            }
          }
          app.accept("close");
        }
        return new WeakReference<>(loader);
      }
    }

    /** Returns a loader of the product and all that it needs, which shares nothing with this. */
    private static URLClassLoader newLoader() throws Exception {
      List<URL> urls = new ArrayList<>();
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
        urls.add(new File(entry).toURI().toURL());
      }
      return new URLClassLoader(
          "deployed", urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }
  }
}
