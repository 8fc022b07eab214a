package io.ashlar.jmh.reopen;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.result.Spread;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.DoubleStream;

/** A store that children fill, open and are killed over, and what they said of it. */
final class ReopenedStore {

  private static final double MIB = 1 << 20;

  private final Contestant contestant;
  private final Path parent;
  private final Path folder;
  private final int count;
  private final long seed;
  private final Map<Temperature, List<Map<String, String>>> opens =
      new EnumMap<>(Temperature.class);

  ReopenedStore(Contestant contestant, Path parent, int count, long seed) {
    this.contestant = contestant;
    this.parent = parent;
    this.count = count;
    this.seed = seed;
    folder = Folders.make(parent, contestant.label().replace('/', '-') + "-");
  }

  /** Returns who this is. */
  Contestant contestant() {
    return contestant;
  }

  /** Returns the folder of its files. */
  Path folder() {
    return folder;
  }

  /** Has a child put all blobs, and kills it when every one was acknowledged. */
  void fill(long timeoutS) {
    System.err.printf(Locale.ROOT, "reopen: %d blobs into %s:", count, contestant.label());
    long start = System.nanoTime();
    try {
      var _ = run("fill", seed, timeoutS, true);
    } finally {
      System.err.printf(Locale.ROOT, " %.1f s%n", (System.nanoTime() - start) / 1e9);
    }
  }

  /** Has a child open it, keeps what it measured, and kills it. */
  void reopen(Temperature temperature, long roundSeed, long timeoutS) {
    opens
        .computeIfAbsent(temperature, any -> new ArrayList<>())
        .add(run("open", roundSeed, timeoutS, false));
  }

  private Map<String, String> run(String order, long runSeed, long timeoutS, boolean progress) {
    Path scratch = Folders.make(parent, "scratch-");
    try {
      return KilledJvm.run(
          List.of(
              order,
              contestant.name(),
              folder.toString(),
              scratch.toString(),
              Integer.toString(count),
              Long.toString(runSeed)),
          timeoutS,
          (name, value) -> {
            if (progress && name.equals("acknowledged")) {
              System.err.printf(Locale.ROOT, " %d%%", Long.parseLong(value) * 100 / count);
            }
          });
    } finally {
      Folders.remove(scratch);
    }
  }

  /** Returns how long each open took, in milliseconds and in order. */
  double[] openMs(Temperature temperature) {
    return numbers(temperature, "openNs").map(ns -> ns / 1e6).toArray();
  }

  /** Returns the median of what the children said under a name; NaN if they did not. */
  double median(Temperature temperature, String name) {
    double[] numbers = numbers(temperature, name).toArray();
    return numbers.length == 0 ? Double.NaN : Spread.median(numbers);
  }

  private DoubleStream numbers(Temperature temperature, String name) {
    return opens.getOrDefault(temperature, List.of()).stream()
        .map(values -> values.get(name))
        .filter(Objects::nonNull)
        .mapToDouble(Double::parseDouble);
  }

  /** Returns the figures that have no column, medians all, and what is durable. */
  String note(Temperature temperature) {
    List<Map<String, String>> done = opens.getOrDefault(temperature, List.of());
    StringBuilder note =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%d opens; RSS %.0f MiB (%.0f before, %.0f at most); heap kept after GC %+.0f KiB",
                done.size(),
                median(temperature, "rssBytes") / MIB,
                median(temperature, "rssBytesBefore") / MIB,
                median(temperature, "rssBytesMax") / MIB,
                median(temperature, "heapBytes") / 1024));
    double blobs = median(temperature, "blobs");
    if (blobs > 0) {
      note.append(
          String.format(
              Locale.ROOT,
              "; index %.1f B a blob, off-heap; from a checkpoint of %.0f entries and %.1f MiB of"
                  + " log in %.0f records, recovered in %.0f ms",
              median(temperature, "indexBytes") / blobs,
              median(temperature, "checkpointEntries"),
              median(temperature, "logBytes") / MIB,
              median(temperature, "replayedRecords"),
              median(temperature, "recoveryNs") / 1e6));
    }
    return note.append(
            String.format(
                Locale.ROOT,
                "; first read %.0f us; an empty store first, classes and libraries loaded: %.0f ms",
                median(temperature, "firstReadNs") / 1e3,
                median(temperature, "emptyOpenNs") / 1e6))
        .append("; every sampled blob there; ")
        .append(done.isEmpty() ? "" : done.getLast().getOrDefault("durability", ""))
        .toString();
  }
}
