package io.ashlar.jmh.overhead;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Entrant;
import io.ashlar.jmh.contest.Round;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.ProcessorTime;
import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerReader;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import io.ashlar.jmh.peer.ReadBuffer;
import io.ashlar.jmh.result.Spread;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/** An open, filled store in a cell, with an operation for each thread. Thread: the main thread. */
final class OverheadEntrant extends Entrant {

  private static final String IO_THREAD = "ashlar-io";
  private static final int FILL_VALUES = 1024;
  private static final int AGEING_VALUES = 64;

  private final Path folder;
  private final PeerStore store;
  private final List<Long> ioThreads;
  private final List<AutoCloseable> resources = new ArrayList<>();
  private final List<Runnable> operations = new ArrayList<>();
  private final Histogram latencies = OverheadThreads.newHistogram();
  private long operationCount;
  private long elapsedNs;
  private long processorNs;
  private long allocatedBytes;
  private long ioNs;
  private long epochs;

  /** Opens a contestant in a folder of its own. */
  OverheadEntrant(OverheadContestant contestant, Path parent, Keys keys, Cell cell) {
    super(contestant.label(), contestant.kind());
    folder = Folders.make(parent, contestant.label().replace('/', '-') + "-");
    Set<Long> before = ProcessorTime.threads();
    store = contestant.open(folder, keys, cell);
    ioThreads = ProcessorTime.threadsNamed(IO_THREAD, before);
  }

  /** Writes every id once, in large batches, then overwrites as often as the cell wants. */
  void fill(Cell cell, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int fillValues = Math.min(FILL_VALUES, cell.idCount());
    try (BlobBatch batch = new BlobBatch(fillValues, cell.valueBytes(), seed);
        BlobBatch scattered = new BlobBatch(AGEING_VALUES, cell.valueBytes(), seed);
        PeerWriter writer = store.openWriter()) {
      for (int first = 0; first < cell.idCount(); first += fillValues) {
        batch.setIds(Math.min(first, cell.idCount() - fillValues));
        writer.commit(batch);
      }
      long batches = (long) cell.ageing() * cell.idCount() / AGEING_VALUES;
      for (long i = 0; i < batches; i++) {
        scattered.scatterIds(random, cell.idCount());
        writer.commit(scattered);
      }
    }
    store.settle();
    store.pause();
    store.onFilled();
  }

  /** Makes an operation for each thread. */
  void prepare(Work work, Cell cell, long seed) {
    for (int i = 0; i < cell.threads(); i++) {
      SplittableRandom random = new SplittableRandom(seed + i);
      operations.add(
          work == Work.COMMIT
              ? commit(cell, random, seed + i)
              : get(OverheadContestant.openReader(store, work), cell, random));
    }
  }

  private Runnable commit(Cell cell, SplittableRandom random, long seed) {
    BlobBatch batch = new BlobBatch(cell.values(), cell.valueBytes(), seed);
    resources.add(batch);
    PeerWriter writer = store.openWriter();
    resources.add(writer);
    return () -> {
      batch.chooseIds(random, cell.idCount());
      writer.commit(batch);
    };
  }

  private Runnable get(PeerReader reader, Cell cell, SplittableRandom random) {
    ReadBuffer target = new ReadBuffer(cell.valueBytes());
    resources.add(target);
    resources.add(reader);
    return () -> {
      if (reader.read(random.nextInt(cell.idCount()), target) != cell.valueBytes()) {
        throw new IllegalStateException("a value is missing or of another length: id of " + cell);
      }
    };
  }

  /** Measures one slice, with this store's own background work let loose. */
  void slice(OverheadThreads threads, long durationNs) {
    store.resume();
    long ioBefore = ioThreadNs();
    long epochsBefore = epochsSoFar();
    OverheadThreads.Outcome outcome = threads.run(operations, durationNs, latencies);
    ioNs += ioThreadNs() - ioBefore;
    epochs += epochsSoFar() - epochsBefore;
    store.pause();
    operationCount += outcome.operations();
    elapsedNs += outcome.elapsedNs();
    processorNs += outcome.processorNs();
    allocatedBytes += outcome.allocatedBytes();
  }

  private long ioThreadNs() {
    return ioThreads.stream().mapToLong(ProcessorTime::ofThreadNs).sum();
  }

  private long epochsSoFar() {
    return store instanceof AshlarStore ashlar ? ashlar.stats().epochs() : 0;
  }

  /** Ends warming up: forgets what the slices so far measured. */
  void endWarmUp() {
    endRound(false);
    ioNs = 0;
    epochs = 0;
  }

  @Override
  protected Round takeRound() {
    Round round =
        Round.of(operationCount, elapsedNs, latencies, allocatedBytes)
            .withProcessorTime(processorNs / 1e3 / operationCount);
    latencies.reset();
    operationCount = 0;
    elapsedNs = 0;
    processorNs = 0;
    allocatedBytes = 0;
    return round;
  }

  @Override
  public String note() {
    Spread processor = rounds().spread(Round::processorUsPerOp);
    String io =
        epochs == 0
            ? ""
            : String.format(Locale.ROOT, "I/O thread %.2f us an epoch; ", ioNs / 1e3 / epochs);
    return String.format(
        Locale.ROOT,
        "processor time %.2f us an operation (%.2f to %.2f); %s%s; %s",
        processor.median(),
        processor.low(),
        processor.high(),
        io,
        store.durability(),
        store.remarks());
  }

  @Override
  public void close() {
    store.resume();
    try {
      for (AutoCloseable resource : resources) {
        resource.close();
      }
    } catch (Exception e) {
      throw new IllegalStateException("a reader or writer could not be closed", e);
    } finally {
      store.close();
      Folders.remove(folder);
    }
  }
}
