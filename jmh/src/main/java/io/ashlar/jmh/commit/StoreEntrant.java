package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Round;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * A contestant in a cell: its open store, and a writer for each thread.
 *
 * <p>Thread: the main thread; the writers, those of the slices.
 */
public final class StoreEntrant extends CommitEntrant {

  private static final int FILL_BATCH_BYTES_MAX = 4 << 20;
  private static final int AGEING_VALUES = 64;

  private final Path folder;
  private final PeerStore store;
  private final Beside beside;
  private final Optional<BesideWork> work;
  private final List<PeerWriter> writers = new ArrayList<>();
  private final Histogram latencies = SliceThreads.newHistogram();
  private final Histogram sliceLatencies = SliceThreads.newHistogram();
  private double bestP50Us = Double.POSITIVE_INFINITY;
  private long operations;
  private long elapsedNs;
  private long allocatedBytes;

  /** Opens a contestant in a folder of its own. */
  public StoreEntrant(Contestant contestant, Path parent, Keys keys, Cell cell) {
    this(contestant, parent, keys, cell, Beside.NOTHING);
  }

  /** Opens a contestant in a folder of its own, beside whose commits something goes on. */
  StoreEntrant(Contestant contestant, Path parent, Keys keys, Cell cell, Beside beside) {
    super(contestant.label(), contestant.kind());
    folder = Folders.make(parent, contestant.label().replace('/', '-') + "-");
    this.beside = beside;
    store = beside.open(contestant, folder, keys, cell);
    work = beside.work(store, folder, cell);
    for (int i = 0; i < cell.threads(); i++) {
      writers.add(store.openWriter());
    }
  }

  /** Writes every id once, in large batches, then overwrites as often as the cell wants. */
  public void fill(Cell cell, long seed) {
    if (kind() == Contestant.Kind.LIMIT || kind() == Contestant.Kind.BASELINE) {
      return; // written ahead when it was opened
    }
    int perBatch = Math.clamp(FILL_BATCH_BYTES_MAX / cell.valueBytes(), 1, cell.idCount());
    SplittableRandom random = new SplittableRandom(seed);
    try (BlobBatch batch = new BlobBatch(perBatch, cell.valueBytes(), seed);
        PeerWriter writer = store.openWriter()) {
      for (int first = 0; first < cell.idCount(); first += perBatch) {
        batch.setIds(Math.min(first, Math.max(0, cell.idCount() - perBatch)));
        writer.commit(batch);
      }
    }
    if (cell.ageing() > 0) {
      try (BlobBatch batch = new BlobBatch(AGEING_VALUES, cell.valueBytes(), seed);
          PeerWriter writer = store.openWriter()) {
        long batches = (long) cell.ageing() * cell.idCount() / AGEING_VALUES;
        for (long i = 0; i < batches; i++) {
          batch.scatterIds(random, cell.idCount());
          writer.commit(batch);
        }
      }
    }
    beside.fill(store, cell);
    store.pause();
    store.onFilled();
  }

  /**
   * Overwrites ids in the way that is measured, until a pass over all of them needs no growth. The
   * free space of a file that was aged by other batches suits those.
   *
   * @param commitsEach how many commits of each thread are a pass.
   * @param durationNsMax how long it may take.
   */
  @Override
  void settle(SliceThreads threads, long commitsEach, long durationNsMax) {
    if (kind() != Contestant.Kind.ASHLAR) {
      return; // others do not say how they grow
    }
    long endNs = System.nanoTime() + durationNsMax;
    store.resume();
    long before;
    long leftNs;
    do {
      before = store.bytesGrown();
      var _ = threads.runCommits(writers, commitsEach, durationNsMax, sliceLatencies);
      sliceLatencies.reset();
      leftNs = endNs - System.nanoTime();
    } while (store.bytesGrown() > before && leftNs > 0);
    store.pause();
    store.onFilled();
  }

  /** Measures one slice, with this store's own background work let loose. */
  @Override
  void slice(SliceThreads threads, long durationNs) {
    store.resume();
    work.ifPresent(BesideWork::start);
    try {
      add(threads.run(writers, durationNs, sliceLatencies));
    } finally {
      work.ifPresent(BesideWork::stop);
    }
    store.pause();
  }

  /**
   * Measures a number of commits by each thread as one slice, background work included.
   *
   * @return how many there were by all threads: fewer when {@code durationNsMax} was over first.
   */
  long commits(SliceThreads threads, long commitsEach, long durationNsMax) {
    store.resume();
    SliceThreads.Outcome outcome =
        threads.runCommits(writers, commitsEach, durationNsMax, sliceLatencies);
    add(outcome);
    return outcome.operations();
  }

  private void add(SliceThreads.Outcome outcome) {
    bestP50Us = Math.min(bestP50Us, sliceLatencies.getValueAtPercentile(50) / 1e3);
    latencies.add(sliceLatencies);
    sliceLatencies.reset();
    operations += outcome.operations();
    elapsedNs += outcome.elapsedNs();
    allocatedBytes += outcome.allocatedBytes();
  }

  @Override
  protected Round takeRound() {
    Round round = Round.of(operations, elapsedNs, latencies, allocatedBytes);
    latencies.reset();
    operations = 0;
    elapsedNs = 0;
    allocatedBytes = 0;
    return round;
  }

  /** Returns the folder that it lies in. */
  Path folder() {
    return folder;
  }

  /** Returns the store. */
  public PeerStore store() {
    return store;
  }

  @Override
  public String note() {
    String remarks = store.remarks();
    return String.format(
        Locale.ROOT,
        "%s; %s%sbest slice p50 %.1f us",
        store.durability(),
        work.map(each -> each.remark() + "; ").orElse(""),
        remarks.isEmpty() ? "" : remarks + "; ",
        bestP50Us);
  }

  @Override
  public void close() {
    store.resume();
    work.ifPresent(BesideWork::close);
    writers.forEach(PeerWriter::close);
    store.close();
    Folders.remove(folder);
  }
}
