package io.ashlar.jmh.read;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Entrant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Standing;
import io.ashlar.jmh.machine.Device;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.PageCache;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import io.ashlar.jmh.peer.RawFile;
import io.ashlar.jmh.result.Row;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How long does a read take, cold from the device and hot from memory?
 *
 * <p>All stores of one value length are filled once and stay open; in each of its cells they take
 * turns in short slices, in an order shuffled anew each time. In cold cells the page cache is
 * dropped before each turn, so that what one slice reads, a small part of the values, is not there
 * for the next.
 */
public final class ReadScenario implements Scenario {

  private static final int KIB = 1024;
  private static final long MIB = 1L << 20;
  private static final long HOT_BYTES = 16 * MIB;
  private static final int FILL_BATCH_BYTES = 4 << 20;
  private static final long SETTLE_NS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final int HOT_WARM_UP_TURNS = 4;
  private static final int WARM_UP_READS = 40_000; // what Java's compilers want to have seen
  private static final int WARM_UP_IDS = 4096;
  private static final int WARM_UP_SLICES_MAX = 30;

  private static final List<ReadCell> CELLS =
      List.of(
          ReadCell.cold("cold 4K t1", 4 * KIB, 1),
          ReadCell.cold("cold 4K t16", 4 * KIB, 16),
          ReadCell.coldOnVirtualThreads("cold 4K v1000", 4 * KIB, 1000),
          ReadCell.cold("cold 64K t1", 64 * KIB, 1),
          ReadCell.cold("cold 64K t16", 64 * KIB, 16),
          ReadCell.cold("cold 512K t1", 512 * KIB, 1),
          ReadCell.cold("cold 512K t16", 512 * KIB, 16),
          ReadCell.hot("hot 4K copy", 4 * KIB, false),
          ReadCell.hot("hot 4K lease", 4 * KIB, true));

  @Override
  public String title() {
    return "Random reads. Cold: from the device, with an empty page cache. Hot: from memory, 64 reads"
        + " timed together. Ratios compare rates, or p50 for one thread.";
  }

  @Override
  public List<Row> run(Plan plan) {
    List<Row> rows = new ArrayList<>();
    for (boolean hot : new boolean[] {false, true}) {
      if (!hot && !PageCache.canDrop()) {
        System.err.println("only the superuser can drop the page cache: cold reads are left out");
        continue;
      }
      if (!hot) {
        warmUp(plan);
      }
      for (int valueBytes : new int[] {4 * KIB, 64 * KIB, 512 * KIB}) {
        List<ReadCell> cells =
            CELLS.stream()
                .filter(cell -> cell.hot() == hot && cell.valueBytes() == valueBytes)
                .filter(cell -> plan.wantsCell(cell.name()))
                .toList();
        if (!cells.isEmpty()) {
          rows.addAll(run(plan, hot, valueBytes, cells));
        }
      }
    }
    return rows;
  }

  /**
   * Lets Java compile every way of reading from a device, with small stores: of large values a
   * slice has some hundred reads, and an interpreter's part of them would be measured as theirs.
   */
  private static void warmUp(Plan plan) {
    List<ReadCell> cells =
        CELLS.stream()
            .filter(cell -> plan.wantsCell(cell.name()) && !cell.hot())
            .map(cell -> ReadCell.warmUp(cell.virtual()))
            .distinct()
            .toList();
    if (cells.isEmpty()) {
      return;
    }
    for (ReadContestant contestant : ReadContestant.of(false, 4 * KIB, plan.quick())) {
      if (plan.wantsStore(contestant.label(), contestant.kind())
          && cells.stream().anyMatch(contestant::takesPart)) {
        warmUp(plan, contestant, cells);
      }
    }
  }

  private static void warmUp(Plan plan, ReadContestant contestant, List<ReadCell> cells) {
    Path folder = Folders.make(plan.folder(), "read-warm-up-");
    Keys keys = new Keys(WARM_UP_IDS);
    try (PeerStore store = contestant.open(folder, keys, 4 * KIB, false)) {
      fill(contestant, store, keys, 4 * KIB, plan.seed());
      cells.stream()
          .filter(contestant::takesPart)
          .forEach(cell -> warmUp(plan, contestant, store, cell));
    } finally {
      Folders.remove(folder);
    }
  }

  private static void warmUp(Plan plan, ReadContestant contestant, PeerStore store, ReadCell cell) {
    try (ReadThreads threads = new ReadThreads(cell, WARM_UP_IDS, plan.seed());
        StoreReadEntrant reader =
            new StoreReadEntrant(contestant, store, cell, threads, Optional.empty())) {
      long reads = 0;
      for (int i = 0; i < WARM_UP_SLICES_MAX && reads < WARM_UP_READS; i++) {
        reads += reader.read(plan.sliceNs());
      }
    }
  }

  private static long workingSetBytes(Plan plan, boolean hot, int valueBytes) {
    if (hot) {
      return HOT_BYTES;
    }
    return (valueBytes <= 4 * KIB ? 256 * MIB : 512 * MIB) * (plan.quick() ? 1 : 2);
  }

  private static List<Row> run(Plan plan, boolean hot, int valueBytes, List<ReadCell> cells) {
    Path folder = Folders.make(plan.folder(), "read-");
    Map<ReadContestant, PeerStore> stores = new EnumMap<>(ReadContestant.class);
    long bytes = workingSetBytes(plan, hot, valueBytes);
    Keys keys = new Keys(Math.toIntExact(bytes / valueBytes));
    List<Row> rows = new ArrayList<>();
    try {
      for (ReadContestant contestant : ReadContestant.of(hot, valueBytes, plan.quick())) {
        if (plan.wantsStore(contestant.label(), contestant.kind())
            && cells.stream().anyMatch(contestant::takesPart)) {
          Path own = Folders.make(folder, contestant.label().replace('/', '-') + "-");
          PeerStore store = contestant.open(own, keys, valueBytes, hot);
          stores.put(contestant, store);
          fill(contestant, store, keys, valueBytes, plan.seed());
        }
      }
      Path raw = folder.resolve("fio-values");
      if (!hot && plan.fio().isPresent()) {
        RawFile.prewritten(raw, bytes).close();
      }
      for (ReadCell cell : cells) {
        rows.addAll(run(plan, cell, stores, keys, raw, bytes));
      }
    } finally {
      stores.values().forEach(PeerStore::close);
      Folders.remove(folder);
    }
    return rows;
  }

  /** Writes every id once, in large batches. */
  private static void fill(
      ReadContestant contestant, PeerStore store, Keys keys, int valueBytes, long seed) {
    long startNs = System.nanoTime();
    boolean holdsValues =
        contestant.kind() == Contestant.Kind.ASHLAR || contestant.kind() == Contestant.Kind.PEER;
    if (holdsValues) {
      int perBatch = Math.clamp(FILL_BATCH_BYTES / valueBytes, 1, keys.count());
      try (BlobBatch batch = new BlobBatch(perBatch, valueBytes, seed);
          PeerWriter writer = store.openWriter()) {
        for (int first = 0; first < keys.count(); first += perBatch) {
          batch.setIds(Math.min(first, keys.count() - perBatch));
          writer.commit(batch);
        }
      }
      store.settle();
      store.pause();
      store.onFilled();
    }
    System.err.printf(
        Locale.ROOT,
        "read: %d x %d KiB into %s: %.1f s%n",
        keys.count(),
        valueBytes / KIB,
        contestant.label(),
        (System.nanoTime() - startNs) / 1e9);
  }

  private static List<Row> run(
      Plan plan,
      ReadCell cell,
      Map<ReadContestant, PeerStore> stores,
      Keys keys,
      Path raw,
      long bytes) {
    Optional<Device> device = cell.hot() ? Optional.empty() : Device.under(plan.folder());
    List<ReadEntrant> entrants = new ArrayList<>();
    try (ReadThreads threads = new ReadThreads(cell, keys.count(), plan.seed())) {
      stores.forEach((contestant, store) -> {
        if (contestant.takesPart(cell)) {
          entrants.add(new StoreReadEntrant(contestant, store, cell, threads, device));
        }
      });
      if (!cell.hot()) {
        plan.fio()
            .ifPresent(fio -> entrants.add(new FioReadEntrant(fio, raw, bytes, cell, device)));
      }
      measure(plan, cell, entrants);
      Standing.Measure measure = cell.threads() == 1 ? Standing.Measure.P50 : Standing.Measure.RATE;
      return Standing.rows("read", cell.name(), cell.valueBytes(), measure, entrants);
    } finally {
      entrants.forEach(Entrant::close);
    }
  }

  private static void measure(Plan plan, ReadCell cell, List<ReadEntrant> entrants) {
    Random random = new Random(plan.seed());
    List<ReadEntrant> order = new ArrayList<>(entrants);
    long sliceNs = plan.sliceNs();
    int warmUpTurns = cell.hot() ? HOT_WARM_UP_TURNS : 1;
    for (int turn = 0; turn < warmUpTurns; turn++) {
      turn(plan, cell, order, random, sliceNs);
    }
    entrants.forEach(entrant -> entrant.endRound(false));
    entrants.forEach(ReadEntrant::forgetDevice);
    int slices = plan.quick() ? 1 : 4;
    for (int round = 0; round < plan.rounds(); round++) {
      System.err.printf(
          Locale.ROOT, "read %s, round %d of %d%n", cell.name(), round + 1, plan.rounds());
      for (int slice = 0; slice < slices; slice++) {
        turn(plan, cell, order, random, sliceNs);
      }
      entrants.forEach(entrant -> entrant.endRound(true));
    }
  }

  private static void turn(
      Plan plan, ReadCell cell, List<ReadEntrant> order, Random random, long sliceNs) {
    if (!cell.hot()) {
      order.forEach(ReadEntrant::coolDown);
      PageCache.drop(plan.folder());
    }
    Collections.shuffle(order, random);
    for (ReadEntrant entrant : order) {
      entrant.slice(sliceNs);
      LockSupport.parkNanos(SETTLE_NS);
    }
  }
}
