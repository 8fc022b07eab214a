package io.ashlar.jmh;

import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/**
 * A contestant in a cell: its open store, a writer for each thread, and what each round measured.
 *
 * <p>Thread: the main thread; the writers, those of the slices.
 */
final class Entrant implements AutoCloseable {

  private static final int FILL_BATCH_BYTES_MAX = 4 << 20;
  private static final int AGEING_VALUES = 64;

  /** What one round measured. */
  record Round(double opsPerS, double p50Us, double p99Us, double p999Us, double bytesPerOp) {}

  private final Contestant contestant;
  private final Path folder;
  private final PeerStore store;
  private final List<PeerWriter> writers = new ArrayList<>();
  private final List<Round> rounds = new ArrayList<>();
  private final Histogram latencies = SliceThreads.newHistogram();
  private final Histogram sliceLatencies = SliceThreads.newHistogram();
  private double bestP50Us = Double.POSITIVE_INFINITY;
  private long operations;
  private long elapsedNs;
  private long allocatedBytes;

  Entrant(Contestant contestant, Path parent, Keys keys, Cell cell) {
    this.contestant = contestant;
    folder = Folders.make(parent, contestant.label().replace('/', '-') + "-");
    store = contestant.open(folder, keys, cell);
    for (int i = 0; i < cell.threads(); i++) {
      writers.add(store.openWriter());
    }
  }

  /** Writes every id once, in large batches, then overwrites as often as the cell wants. */
  void fill(Cell cell, long seed) {
    if (contestant.kind() == Contestant.Kind.LIMIT
        || contestant.kind() == Contestant.Kind.BASELINE) {
      return; // written ahead when it was opened
    }
    int perBatch = Math.max(1, FILL_BATCH_BYTES_MAX / cell.valueBytes());
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
    store.pause();
    store.onFilled();
  }

  /** Measures one slice, with this store's own background work let loose. */
  void slice(SliceThreads threads, long durationNs) {
    store.resume();
    SliceThreads.Outcome outcome = threads.run(writers, durationNs, sliceLatencies);
    store.pause();
    bestP50Us = Math.min(bestP50Us, sliceLatencies.getValueAtPercentile(50) / 1e3);
    latencies.add(sliceLatencies);
    sliceLatencies.reset();
    operations += outcome.operations();
    elapsedNs += outcome.elapsedNs();
    allocatedBytes += outcome.allocatedBytes();
  }

  /** Ends a round: what the slices since the last one measured is kept, or forgotten. */
  void endRound(boolean keep) {
    if (keep) {
      rounds.add(
          new Round(
              operations * 1e9 / elapsedNs,
              latencies.getValueAtPercentile(50) / 1e3,
              latencies.getValueAtPercentile(99) / 1e3,
              latencies.getValueAtPercentile(99.9) / 1e3,
              (double) allocatedBytes / operations));
    }
    latencies.reset();
    operations = 0;
    elapsedNs = 0;
    allocatedBytes = 0;
  }

  /** Returns who this is. */
  Contestant contestant() {
    return contestant;
  }

  /** Returns what each round measured. */
  List<Round> rounds() {
    return rounds;
  }

  /** Returns what durability the store gave, and facts about it. */
  String note() {
    String remarks = store.remarks();
    return String.format(
        Locale.ROOT,
        "%s; %sbest slice p50 %.1f us",
        store.durability(),
        remarks.isEmpty() ? "" : remarks + "; ",
        bestP50Us);
  }

  /** Returns the median of a number of each round. */
  double median(ToDoubleFunction<Round> number) {
    return median(rounds.stream().mapToDouble(number).toArray());
  }

  /** Returns the median of some numbers. */
  static double median(double[] numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  @Override
  public void close() {
    store.resume();
    writers.forEach(PeerWriter::close);
    store.close();
    Folders.remove(folder);
  }
}
