package io.ashlar.jmh.reopen;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.QuietDisk;
import io.ashlar.jmh.peer.RawFile;
import io.ashlar.jmh.result.Latency;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import io.ashlar.jmh.result.Subject;
import io.ashlar.jmh.result.Throughput;
import io.ashlar.uring.NativeFile;
import io.ashlar.uring.NativeMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * How soon is a store open again after its process was killed, and what does it hold in memory?
 *
 * <p>A child process fills the store and is killed with SIGKILL. Then, in each round, for every
 * store in shuffled order: a fresh child opens it, commits a little more, and is killed; once with
 * the page cache dropped before, where we may, and once more with it as it is.
 */
public final class ReopenScenario implements Scenario {

  private static final List<Contestant> PEERS =
      List.of(Contestant.SQLITE, Contestant.LMDB, Contestant.ROCKSDB);

  /** What an index checkpoint holds for each blob: an entry of five words. */
  private static final long CHECKPOINT_BYTES_EACH = 40;

  private static final int ROUNDS_MIN = 3;
  private static final int READ_BYTES = 1 << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final long FILL_TIMEOUT_S = 1800;
  private static final long OPEN_TIMEOUT_S = 120;

  /** A number of blobs, and whether peers are measured with it. */
  private record Size(String name, int count, boolean withPeers) {}

  /** The last takes some minutes and 45 GB: only for those who name it. */
  private static final List<Size> SIZES =
      List.of(
          new Size("1M", 1_000_000, true),
          new Size("4M", 4_000_000, false),
          new Size("10M", 10_000_000, false));

  @Override
  public String title() {
    return "Reopening after kill -9: blobs of 4 KiB, a fresh JVM each time. p50 is the median time to"
        + " open. The limit reads as many bytes as an index checkpoint of all blobs has. In the cells"
        + " named fresh the JVM has opened nothing before; p50 of the first commit is processor"
        + " time.";
  }

  @Override
  public List<Row> run(Plan plan) {
    List<Size> sizes =
        plan.quick()
            ? List.of(new Size("50K", 50_000, true), new Size("200K", 200_000, false))
            : plan.selection().cells().isEmpty() ? SIZES.subList(0, 2) : SIZES;
    List<Row> rows = new ArrayList<>();
    for (Size size : sizes) {
      List<Temperature> temperatures = Temperature.wanted(plan, size.name());
      if (!temperatures.isEmpty()) {
        rows.addAll(run(plan, size, temperatures));
      }
    }
    Path folder = Folders.make(plan.folder(), "fresh-");
    try {
      FreshCells fresh = new FreshCells(plan, folder);
      if (plan.wantsCell(FreshCells.COMMIT)) {
        rows.addAll(fresh.commits());
      }
      Size size = sizes.getFirst();
      if (plan.wantsCell(size.name() + FreshCells.SUFFIX)) {
        rows.addAll(fresh.opens(size.name(), size.count()));
      }
    } finally {
      Folders.remove(folder);
    }
    return rows;
  }

  private static List<Row> run(Plan plan, Size size, List<Temperature> temperatures) {
    List<Contestant> contestants = new ArrayList<>(List.of(Contestant.ASHLAR));
    if (size.withPeers() || plan.selection().peersEverywhere()) {
      contestants.addAll(PEERS);
    }
    contestants.removeIf(contestant -> !plan.wants(contestant));
    Path folder = Folders.make(plan.folder(), "reopen-");
    List<ReopenedStore> stores = new ArrayList<>();
    try {
      for (Contestant contestant : contestants) {
        ReopenedStore store = new ReopenedStore(contestant, folder, size.count(), plan.seed());
        stores.add(store);
        store.fill(FILL_TIMEOUT_S);
      }
      Path raw = folder.resolve("raw");
      long rawBytes = roundedUp(size.count() * CHECKPOINT_BYTES_EACH);
      RawFile.prewritten(raw, rawBytes).close();
      double[] limitMs = rounds(plan, size, temperatures, stores, folder, raw);
      return rows(size, temperatures, stores, limitMs, rawBytes);
    } finally {
      Folders.remove(folder);
    }
  }

  /**
   * Has each store opened in each round, fewer once time is over; returns what reading the raw file
   * took in each.
   */
  private static double[] rounds(
      Plan plan,
      Size size,
      List<Temperature> temperatures,
      List<ReopenedStore> stores,
      Path folder,
      Path raw) {
    List<ReopenedStore> order = new ArrayList<>(stores);
    Random random = new Random(plan.seed());
    double[] limitMs = new double[plan.rounds()];
    long start = System.nanoTime();
    for (int round = 0; round < plan.rounds(); round++) {
      if (round >= ROUNDS_MIN && System.nanoTime() - start > plan.scenarioNs()) {
        return Arrays.copyOf(limitMs, round);
      }
      double quietUs = QuietDisk.await(plan.folder(), plan.quietWaitMsEach(plan.rounds()));
      System.err.printf(
          Locale.ROOT,
          "reopen %s, round %d of %d; 4 KiB write + fdatasync before it %.0f us%n",
          size.name(),
          round + 1,
          plan.rounds(),
          quietUs);
      limitMs[round] = readMs(raw);
      Collections.shuffle(order, random);
      for (ReopenedStore store : order) {
        for (Temperature temperature : temperatures) {
          temperature.prepare(folder);
          store.reopen(temperature, random.nextLong(), OPEN_TIMEOUT_S);
        }
      }
    }
    return limitMs;
  }

  /** Reads a file from its start to its end with direct I/O; returns the milliseconds. */
  private static double readMs(Path path) {
    try (NativeFile file = NativeFile.open(path, NativeFile.Mode.READ_ONLY, true);
        NativeMemory memory = NativeMemory.allocate(READ_BYTES)) {
      long start = System.nanoTime();
      long length = file.size();
      for (long offset = 0; offset < length; offset += READ_BYTES) {
        long part = Math.min(READ_BYTES, length - offset);
        var _ = file.read(memory.segment().asSlice(0, part), offset);
      }
      return (System.nanoTime() - start) / 1e6;
    }
  }

  private static long roundedUp(long bytes) {
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  }

  private static List<Row> rows(
      Size size,
      List<Temperature> temperatures,
      List<ReopenedStore> stores,
      double[] limitMs,
      long rawBytes) {
    List<Row> rows = new ArrayList<>();
    for (Temperature temperature : temperatures) {
      String cell = size.name() + " " + temperature.label();
      double bestPeerMs =
          stores.stream()
              .filter(store -> store.contestant().kind() == Contestant.Kind.PEER)
              .mapToDouble(store -> Spread.median(store.openMs(temperature)))
              .min()
              .orElse(Double.NaN);
      for (ReopenedStore store : stores) {
        rows.add(row(store, cell, temperature, limitMs, bestPeerMs));
      }
      rows.add(limitRow(cell, limitMs, rawBytes));
    }
    return rows;
  }

  private static Row row(
      ReopenedStore store,
      String cell,
      Temperature temperature,
      double[] limitMs,
      double bestPeerMs) {
    double[] openMs = store.openMs(temperature);
    double[] toLimit = new double[openMs.length];
    for (int i = 0; i < openMs.length; i++) {
      toLimit[i] = limitMs[i] / openMs[i];
    }
    double toBestPeer = bestPeerMs / Spread.median(openMs);
    return new Row(
        new Subject("reopen", store.contestant().label(), cell),
        new Throughput(rate(openMs), Double.NaN),
        Latency.median(micros(openMs)),
        new Ratios(Spread.of(toLimit), Spread.exactly(toBestPeer)),
        store.median(temperature, "allocatedBytes"),
        store.note(temperature));
  }

  private static Row limitRow(String cell, double[] readMs, long rawBytes) {
    return new Row(
        new Subject("reopen", "limit/read", cell),
        Throughput.of(rate(readMs), (double) rawBytes),
        Latency.median(micros(readMs)),
        new Ratios(Spread.exactly(1), Spread.NONE),
        Double.NaN,
        rawBytes + " bytes with O_DIRECT, 1 MiB at a time, from the device");
  }

  private static Spread rate(double[] ms) {
    return Spread.of(Arrays.stream(ms).map(each -> 1e3 / each).toArray());
  }

  private static Spread micros(double[] ms) {
    return Spread.of(Arrays.stream(ms).map(each -> each * 1e3).toArray());
  }
}
