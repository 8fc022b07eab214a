package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link System#exit} in a callback of a tier, while a shutdown hook closes tier and store, ends
 * the process: what waits for the callback is given up, the last pass too, and the store is whole.
 *
 * <p>{@code -Dexit.all=true} tries every kind of callback, not only each kind of waiting.
 */
@Tag("campaign")
class TierExitInCallbackTest {
  private static final int EXIT_CODE = 3;
  private static final BlobId ACKNOWLEDGED = new BlobId(5, 1);

  /** How many processes run at once. */
  private static final int AT_ONCE = 4;

  /** Generous: only what waits for ever takes so long. */
  private static final long WATCHDOG_S = 60;

  /** A follower's; all else are names of {@link TierCallback}. */
  private static final List<String> OF_A_FOLLOWER =
      List.of("FOLLOWER_FOR_EACH", "FOLLOWER_REFRESH", "FOLLOWER_GET");

  /** One for each thing that is waited for: the tier's thread, a request, the I/O thread. */
  private static final List<String> KINDS =
      Boolean.getBoolean("exit.all")
          ? Stream.concat(Stream.of(TierCallback.values()).map(Enum::name), OF_A_FOLLOWER.stream())
              .toList()
          : List.of("EVICT", "GET_OF_A_BATCH", "ACK_LISTENER", "FOLLOWER_REFRESH");

  @TempDir Path folder;

  /** The process that exits. Arguments: folder, callback. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws InterruptedException {
      TierCallbackGround ground = TierCallbackGround.open(Path.of(arguments[0]), true);
      try (Epoch epoch = ground.store().beginEpoch()) {
        epoch.put(ACKNOWLEDGED, MemorySegment.ofArray(new byte[100]));
        var _ = epoch.commit();
      }
      String kind = arguments[1];
      if (OF_A_FOLLOWER.contains(kind)) {
        follow(ground, kind);
      } else {
        closeAtExit(ground.tier(), ground.store());
        TierCallback.valueOf(kind).provoke(ground, () -> System.exit(EXIT_CODE));
      }
      Thread.sleep(Long.MAX_VALUE);
    }

    private static void follow(TierCallbackGround ground, String kind) {
      CalledObjects objects = ground.objects();
      FollowerStore follower =
          FollowerStore.open(objects, FollowerConfig.DEFAULTS.withKeys(objects.keys()));
      closeAtExit(follower, ground.tier(), ground.store());
      switch (kind) {
        case "FOLLOWER_FOR_EACH" ->
            follower.forEach((high, low, length, local) -> System.exit(EXIT_CODE));
        case "FOLLOWER_REFRESH" -> {
          objects.callIn("get", () -> System.exit(EXIT_CODE));
          var _ = follower.refresh();
        }
        default -> {
          objects.callIn("get", () -> System.exit(EXIT_CODE));
          var _ = follower.length(TierCallbackGround.EVICTED);
          try (var lease = follower.get(TierCallbackGround.EVICTED)) {
            throw new AssertionError("read: " + lease);
          }
        }
      }
    }

    private static void closeAtExit(AutoCloseable... inThisOrder) {
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> {
                long startNs = System.nanoTime();
                try {
                  for (AutoCloseable open : inThisOrder) {
                    open.close();
                  }
                  System.out.println(
                      "CLOSED " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs));
                } catch (Exception e) {
                  e.printStackTrace(System.out);
                }
                System.out.flush();
              }));
    }
  }

  @Test
  void shouldEndTheProcess() throws IOException, InterruptedException {
    long slowestMs = 0;
    for (int from = 0; from < KINDS.size(); from += AT_ONCE) {
      Map<String, Process> children = new LinkedHashMap<>();
      List<String> wrong = new ArrayList<>();
      try {
        for (String kind : KINDS.subList(from, Math.min(KINDS.size(), from + AT_ONCE))) {
          children.put(kind, start(kind));
        }
        for (Map.Entry<String, Process> child : children.entrySet()) {
          boolean ended = child.getValue().waitFor(WATCHDOG_S, TimeUnit.SECONDS);
          String output = Files.readString(output(child.getKey()));
          if (!ended || child.getValue().exitValue() != EXIT_CODE || !output.contains("CLOSED")) {
            wrong.add(child.getKey() + ": ended=" + ended + ", output=" + output);
          } else {
            String ms = output.substring(output.indexOf("CLOSED ") + "CLOSED ".length());
            slowestMs = Math.max(slowestMs, Long.parseLong(ms.lines().findFirst().orElseThrow()));
          }
        }
      } finally {
        children.values().forEach(Process::destroyForcibly);
      }
      assertThat(wrong).isEmpty();
      children.keySet().forEach(this::checkFile);
    }
    System.out.printf(
        "exits in callbacks of a tier: kinds %d, ended %d, slowest close %d ms%n",
        KINDS.size(), KINDS.size(), slowestMs);
  }

  private Process start(String kind) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-ea",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Child.class.getName(),
                folder.resolve(kind).toString(),
                kind)
            .redirectErrorStream(true)
            .redirectOutput(output(kind).toFile());
    List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS").forEach(builder.environment()::remove);
    return builder.start();
  }

  private Path output(String kind) {
    return folder.resolve(kind + ".output");
  }

  private void checkFile(String kind) {
    try (LocalBlobStore store =
        LocalBlobStore.builder(folder.resolve(kind))
            .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withLockTimeoutMs(30_000))
            .open()) {
      assertThat(store.length(ACKNOWLEDGED)).as("after %s", kind).isEqualTo(100);
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
    }
  }
}
