package io.ashlar.jmh.read;

import io.ashlar.jmh.contest.Round;
import io.ashlar.jmh.machine.Device;
import io.ashlar.jmh.peer.PeerReader;
import io.ashlar.jmh.peer.PeerStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/** A store that is open, filled, and read in one cell. Thread: the main thread. */
final class StoreReadEntrant extends ReadEntrant {

  private final ReadContestant contestant;
  private final PeerStore store;
  private final ReadCell cell;
  private final ReadThreads threads;
  private final List<PeerReader> readers = new ArrayList<>();
  private final Histogram latencies = ReadThreads.newHistogram();
  private long operations;
  private long elapsedNs;
  private long allocatedBytes;

  StoreReadEntrant(
      ReadContestant contestant,
      PeerStore store,
      ReadCell cell,
      ReadThreads threads,
      Optional<Device> device) {
    super(contestant.label() + (cell.leased() ? "/view" : ""), contestant.kind(), device);
    this.contestant = contestant;
    this.store = store;
    this.cell = cell;
    this.threads = threads;
    openReaders();
  }

  private void openReaders() {
    for (int i = 0; i < cell.threads(); i++) {
      readers.add(contestant.openReader(store, cell.leased()));
    }
  }

  @Override
  void coolDown() {
    close();
    store.coolDown();
    openReaders();
  }

  @Override
  long read(long durationNs) {
    store.resume();
    ReadThreads.Outcome outcome = threads.run(readers, durationNs, latencies);
    store.pause();
    operations += outcome.reads();
    elapsedNs += outcome.elapsedNs();
    allocatedBytes += outcome.allocatedBytes();
    return outcome.reads();
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

  @Override
  public String note() {
    return deviceNote() + contestant.how(cell);
  }

  /** Closes the readers; the store stays open for the next cell. */
  @Override
  public void close() {
    readers.forEach(PeerReader::close);
    readers.clear();
  }
}
