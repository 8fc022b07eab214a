package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.peer.PeerReader;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.ReadBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/** Reads a value at random. Thread: one. */
final class ReadStep implements BesideWork.Step {

  private static final AtomicLong SEED = new AtomicLong(1);

  private final PeerReader reader;
  private final ReadBuffer target;
  private final SplittableRandom random = new SplittableRandom(SEED.getAndIncrement());
  private final int idCount;
  private final int valueBytes;

  ReadStep(PeerStore store, Cell cell) {
    reader = store.openReader();
    target = new ReadBuffer(cell.valueBytes());
    idCount = cell.idCount();
    valueBytes = cell.valueBytes();
  }

  @Override
  public void run() {
    if (reader.read(random.nextInt(idCount), target) != valueBytes) {
      throw new IllegalStateException("a value is missing or of another length");
    }
  }

  @Override
  public void close() {
    reader.close();
    target.close();
  }
}
