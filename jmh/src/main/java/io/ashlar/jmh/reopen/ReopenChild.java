package io.ashlar.jmh.reopen;

import com.sun.management.ThreadMXBean;
import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import io.ashlar.jmh.peer.ReadBuffer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * The process that is killed: fills a store or opens it again, commits a little, prints {@value
 * #READY}, and waits for its end.
 *
 * <p>What it prints on standard output is one {@code name=value} a line. Arguments: {@code fill} or
 * {@code open}, the contestant's name, the store's folder, a scratch folder, the number of blobs, a
 * seed.
 */
public final class ReopenChild {

  /** The line after which it waits to be killed; every commit before it was acknowledged. */
  static final String READY = "READY";

  /** Bytes of one blob. */
  static final int VALUE_BYTES = 4096;

  private static final int FILL_VALUES = 1024;
  private static final int WORK_VALUES = 16;
  private static final int WORK_COMMITS = 256;
  private static final int SAMPLES = 64;
  private static final int PROGRESS_STEPS = 10;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Contestant contestant;
  private final Path folder;
  private final Path scratch;
  private final Cell cell;
  private final Keys keys;
  private final SplittableRandom random;

  private ReopenChild(Contestant contestant, Path folder, Path scratch, int count, long seed) {
    this.contestant = contestant;
    this.folder = folder;
    this.scratch = scratch;
    cell = cell("", count);
    keys = Keys.onDemand(count); // a million of them would be heap in use
    random = new SplittableRandom(seed);
  }

  /** Returns the cell of a store with {@code count} blobs. */
  static Cell cell(String name, int count) {
    return new Cell(name, 1, WORK_VALUES, VALUE_BYTES, (long) count * VALUE_BYTES, 0);
  }

  /** Does what the first argument says. */
  public static void main(String[] arguments) throws IOException {
    ReopenChild child =
        new ReopenChild(
            Contestant.valueOf(arguments[1]),
            Path.of(arguments[2]),
            Path.of(arguments[3]),
            Integer.parseInt(arguments[4]),
            Long.parseLong(arguments[5]));
    switch (arguments[0]) {
      case "fill" -> child.fill();
      case "open" -> child.open();
      default -> throw new IllegalArgumentException("no such order: " + arguments[0]);
    }
    System.out.println(READY);
    // Ends with the process that started it, too.
    Runtime.getRuntime().halt(System.in.read() < 0 ? 1 : 0);
  }

  private void fill() {
    PeerStore store = contestant.open(folder, keys, cell);
    int count = cell.idCount();
    int step = 0;
    try (BlobBatch batch = new BlobBatch(Math.min(FILL_VALUES, count), VALUE_BYTES, 1);
        PeerWriter writer = store.openWriter()) {
      for (int first = 0; first < count; first += batch.count()) {
        batch.setIds(Math.min(first, count - batch.count()));
        writer.commit(batch);
        if ((long) first * PROGRESS_STEPS / count > step) {
          step++;
          System.out.println("acknowledged=" + first);
        }
      }
      work(store);
    }
  }

  private void open() {
    long coldStartNs = openEmptyStore();
    var _ = ProcessMemory.afterCollection(); // loads what measuring itself needs
    ProcessMemory before = ProcessMemory.afterCollection();
    long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
    long start = System.nanoTime();
    PeerStore store = contestant.open(folder, keys, cell);
    long openNs = System.nanoTime() - start;
    long allocated = THREADS.getTotalThreadAllocatedBytes() - allocatedBefore;
    long firstReadNs = checkSamples(store);
    ProcessMemory after = ProcessMemory.afterCollection();
    System.out.println("durability=" + store.durability());
    print("openNs", openNs);
    print("firstReadNs", firstReadNs);
    print("emptyOpenNs", coldStartNs);
    print("allocatedBytes", allocated);
    print("heapBytes", after.heapBytes() - before.heapBytes());
    print("rssBytes", after.rssBytes());
    print("rssBytesBefore", before.rssBytes());
    print("rssBytesMax", after.rssBytesMax());
    if (store instanceof AshlarStore ashlar) {
      print("blobs", ashlar.stats().blobs());
      print("indexBytes", ashlar.stats().indexBytes());
      print("checkpointEntries", ashlar.recoveryReport().checkpointEntries());
      print("replayedRecords", ashlar.recoveryReport().replayedRecords());
      print("logBytes", ashlar.recoveryReport().logBytes());
      print("recoveryNs", ashlar.recoveryReport().durationNs());
    }
    work(store);
  }

  /**
   * Loads classes and native libraries, so that what is measured is the store's own opening, and
   * returns how long that took.
   */
  private long openEmptyStore() {
    long start = System.nanoTime();
    long openedNs;
    try (PeerStore store = contestant.open(scratch, keys, cell);
        ReadBuffer target = new ReadBuffer(VALUE_BYTES)) {
      openedNs = System.nanoTime() - start;
      var _ = store.read(0, target);
    }
    return openedNs;
  }

  /** Fails when a blob that was acknowledged is not there; returns what the first read took. */
  private long checkSamples(PeerStore store) {
    long firstNs = 0;
    try (ReadBuffer target = new ReadBuffer(VALUE_BYTES)) {
      for (int i = 0; i < SAMPLES; i++) {
        int id = random.nextInt(cell.idCount());
        long start = System.nanoTime();
        long length = store.read(id, target);
        firstNs = i == 0 ? System.nanoTime() - start : firstNs;
        if (length != VALUE_BYTES) {
          throw new IllegalStateException(
              String.format(
                  Locale.ROOT,
                  "an acknowledged blob is lost: store=%s, id=%d, length=%d",
                  contestant.label(),
                  id,
                  length));
        }
      }
    }
    return firstNs;
  }

  /** Overwrites some blobs, so that the kill finds a log to replay. */
  private void work(PeerStore store) {
    try (BlobBatch batch = new BlobBatch(WORK_VALUES, VALUE_BYTES, random.nextLong());
        PeerWriter writer = store.openWriter()) {
      long start = System.nanoTime();
      for (int i = 0; i < WORK_COMMITS; i++) {
        batch.chooseIds(random, cell.idCount());
        writer.commit(batch);
      }
      print("workUs", TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - start));
    }
  }

  private static void print(String name, long value) {
    System.out.println(name + "=" + value);
  }
}
