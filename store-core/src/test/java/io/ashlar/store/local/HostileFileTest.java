package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Campaign;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Promise G12: whatever a data file says, with all checksums right, opening it ends soon, in little
 * memory, with a store that works or with one of the store's own exceptions.
 */
@Tag("campaign")
class HostileFileTest {

  private static final String HEAP = "-Xmx64m";
  private static final int STRIDE = Campaign.stride("test.stride", 8);

  /** What must become of some of them; these are tried whatever the stride. */
  private static final Map<String, String> EXPECTED =
      Map.ofEntries(
          Map.entry("CLOSED good", "opened"),
          Map.entry("KILLED good", "opened"),
          Map.entry("CHECKPOINTED good", "opened"),
          // an id
          Map.entry("CHECKPOINTED chunk offset=96 value=-1", "opened"),
          // a chunk's own fields
          Map.entry("CHECKPOINTED chunk offset=128 value=1073741825", "CorruptionException"),
          Map.entry("CHECKPOINTED chunk offset=112 value=1", "CorruptionException"),
          Map.entry("CHECKPOINTED chunk offset=56 value=2147483647", "CorruptionException"),
          // versions
          Map.entry("CLOSED superblock offset=8 value=63", "FormatVersionException"),
          Map.entry("CLOSED superblock offset=132 value=1", "FormatVersionException"),
          Map.entry("CLOSED first record offset=4 value=2", "FormatVersionException"),
          // an incarnation that the next one could not be greater than
          Map.entry("CLOSED superblock offset=24 value=9223372036854775807", "CorruptionException"),
          Map.entry("CLOSED superblock offset=24 value=9223372036854775806", "CorruptionException"),
          Map.entry("CLOSED superblock offset=24 value=-1", "CorruptionException"),
          Map.entry("CLOSED superblock offset=80 value=-1", "CorruptionException"),
          // the next log extent lies outside the file, or is endless
          Map.entry("CLOSED last record offset=80 value=1048576", "CorruptionException"),
          Map.entry(
              "CLOSED last record offset=88 value=1152921504606846976", "CorruptionException"),
          // blobs behind the record, longer than the log extent
          Map.entry("CLOSED middle record offset=72 value=1073741824", "CorruptionException"),
          // an epoch that the next one could not be greater than
          Map.entry("CHECKPOINTED superblock offset=72 value=-1", "CorruptionException"),
          Map.entry(
              "CHECKPOINTED superblock offset=72 value=9223372036854775807", "CorruptionException"),
          // two blobs in one place, a blob at the end of a hole, a file that was cut off
          Map.entry("CLOSED overlap", "CorruptionException"),
          Map.entry("CLOSED far blob", "opened with damage"),
          Map.entry("CLOSED size=1", "StoreOpenException"),
          Map.entry("CLOSED size=4095", "CorruptionException"),
          // more operations than bytes
          Map.entry("CLOSED middle record offset=60 value=2147483647", "CorruptionException"),
          // a blob in the superblocks, outside the file, of more than 1 GiB
          Map.entry(
              "CLOSED before last record's operation offset=160 value=1", "CorruptionException"),
          Map.entry(
              "CLOSED before last record's operation offset=160 value=140737488355328",
              "CorruptionException"),
          Map.entry(
              "CLOSED before last record's operation offset=168 value=1073741825",
              "CorruptionException"));

  /** Opens the hostile files of a base; prints a line for each and for what must not be. */
  static final class Victim {

    private static final long DEADLINE_S = 20;

    private Victim() {}

    public static void main(String[] arguments) throws Exception {
      HostileFiles.Base base = HostileFiles.Base.valueOf(arguments[0]);
      int stride = Integer.parseInt(arguments[1]);
      int[] at = {0};
      int count =
          new HostileFiles(base)
              .forEach(file -> {
                if (at[0]++ % stride == 0 || EXPECTED.containsKey(base + " " + file.name())) {
                  attempt(base, file);
                }
              });
      System.out.println("COUNT " + count);
      System.exit(0); // a thread that hangs must not keep this alive
    }

    private static void attempt(HostileFiles.Base base, HostileFiles.Hostile file) {
      FutureTask<String> task = new FutureTask<>(() -> outcome(file));
      Thread thread = new Thread(task);
      thread.setDaemon(true);
      thread.start();
      String outcome;
      try {
        outcome = task.get(DEADLINE_S, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        StringBuilder stack = new StringBuilder("BAD hangs");
        for (StackTraceElement element : thread.getStackTrace()) {
          stack.append(" < ").append(element);
        }
        outcome = stack.toString();
      } catch (InterruptedException | ExecutionException e) {
        outcome = "BAD " + e;
      }
      System.out.println(outcome + " | " + base + " " + file.name());
      if (outcome.startsWith("BAD hangs")) {
        Runtime.getRuntime().halt(1);
      }
    }

    private static String outcome(HostileFiles.Hostile file) {
      SimulatedDisk disk = SimulatedDisk.of(file.image());
      disk.limitSize(Math.max(file.image().size(), 0) + (4 << 20));
      try (DataFileStore store =
          StoreOpening.open("hostile", disk, HostileFiles.CONFIG, HostileFiles.environment(true))) {
        return "opened" + use(store);
      } catch (StoreException e) {
        return e.getClass().getSimpleName();
      } catch (Throwable e) {
        StackTraceElement[] stack = e.getStackTrace();
        return "BAD " + e + " at " + List.of(stack).subList(0, Math.min(6, stack.length));
      }
    }

    /** Does with an open store what a user would. */
    private static String use(DataFileStore store) {
      List<BlobId> ids = new ArrayList<>();
      store.forEach((high, low, length, local) -> ids.add(new BlobId(high, low)));
      int damaged = 0;
      for (BlobId id : ids) {
        try (BlobLease lease = store.get(id)) {
          assertThat(lease).isNotNull();
        } catch (CorruptionException e) {
          damaged++;
        } catch (StoreException e) {
          damaged += store.contains(id) ? 1 : 0; // evicted, by the file's own word
        }
      }
      boolean clean = store.verify(VerifyListener.NONE).clean();
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(new BlobId(77, 77), MemorySegment.ofArray(new byte[5000]));
        epoch.commit();
      } catch (StoreException e) {
        return " but takes no epoch: " + e.getClass().getSimpleName();
      }
      return damaged > 0 || !clean ? " with damage" : "";
    }
  }

  @Test
  void shouldOpenOrRefuseEveryHostileFileInBoundedMemory() throws Exception {
    Map<String, Integer> outcomes = new TreeMap<>();
    Map<String, String> byName = new HashMap<>();
    List<String> bad = new ArrayList<>();
    List<ChildJvm> children = new ArrayList<>();
    try {
      for (HostileFiles.Base base : HostileFiles.Base.values()) {
        children.add(
            ChildJvm.start(
                List.of(HEAP, "-XX:+UseSerialGC"),
                Victim.class,
                base.name(),
                Integer.toString(STRIDE)));
      }
      for (ChildJvm child : children) {
        assertThat(child.exitCode()).as("%s", child).isZero();
        assertThat(child.output()).last().asString().startsWith("COUNT ");
        for (String line : child.output()) {
          int bar = line.indexOf(" | ");
          if (line.startsWith("BAD")) {
            bad.add(line);
          } else if (bar > 0) {
            outcomes.merge(line.substring(0, bar), 1, Integer::sum);
            byName.put(line.substring(bar + 3), line.substring(0, bar));
          }
        }
      }
      int count = outcomes.values().stream().mapToInt(Integer::intValue).sum();
      System.out.println(
          "HostileFileTest: count=" + count + ", stride=" + STRIDE + ", " + HEAP + " " + outcomes);
      Campaign.report("hostile", count, bad.size(), 0);
      assertThat(bad).isEmpty();
      assertThat(outcomes).doesNotContainKey("opened but takes no epoch: StoreFailedException");
      assertThat(byName).containsAllEntriesOf(EXPECTED);
    } finally {
      children.forEach(ChildJvm::close);
    }
  }

  @Test
  void shouldNameAnIncarnationThatNoStoreGetsTo() throws Exception { // L7
    List<String> messages = new ArrayList<>();
    var _ =
        new HostileFiles(HostileFiles.Base.CLOSED)
            .forEach(file -> {
              if (file.name()
                  .matches(
                      "(superblock offset=24|last record offset=16) value=(-1|9223\\d{12,})")) {
                SimulatedDisk disk = SimulatedDisk.of(file.image());
                try (DataFileStore store =
                    StoreOpening.open(
                        "hostile", disk, HostileFiles.CONFIG, HostileFiles.environment(false))) {
                  messages.add("opened at " + store.incarnation() + ": " + file.name());
                } catch (CorruptionException e) {
                  messages.add(e.getMessage());
                }
              }
            });
    assertThat(messages).hasSizeGreaterThan(4).noneMatch(what -> what.startsWith("opened at -"));
    assertThat(messages)
        .anyMatch(what -> what.contains("incarnation is out of range") && what.contains("=-1,"))
        .anyMatch(what -> what.contains("where=superblock, incarnation=9223372036854775807"))
        .anyMatch(what -> what.contains("where=log, incarnation=9223372036854775807"));
  }
}
