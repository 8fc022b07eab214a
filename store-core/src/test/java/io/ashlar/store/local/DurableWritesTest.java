package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.AckListener;
import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.FaultyDisks;
import io.ashlar.uring.FaultyCalls;
import io.ashlar.uring.FaultyCalls.Fault;
import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Promise G2 at the system calls: when an epoch is acknowledged, every block that was written is
 * durable, by RWF_DSYNC or by a sync, on either engine, also where a write came through in part.
 * The simulated disk cannot see a flag that is lost below it.
 */
class DurableWritesTest {

  private static final long SEED = 20_261_130;
  private static final int STRIDE = Campaign.stride("durable.stride", 1);
  private static final int BLOCK = Disk.BLOCK_BYTES;
  private static final Fault NONE = Fault.shortTransfer(Long.MAX_VALUE, 0);
  private static final StoreConfig CONFIG =
      StoreLife.CONFIG
          .withPoolBytes(16 << 20)
          .withInitialFileBytes(16 << 20)
          .withGroupBytesMax(8 << 20)
          .withLogExtentBytesMax(4 << 20)
          .withCheckpointLogBytesMin(64 << 20); // none while this looks

  /** Lengths of the values of one epoch each: alone, many, from 1 MiB on with a checksum table. */
  private static final int[][] EPOCHS = {
    {100}, {BLOCK}, {5 * BLOCK, 3, 60_000}, {300_000, 300_000}, {(1 << 20) + 7}, {9 << 18, 3}
  };

  @Test
  void shouldHaveMadeDurableWhatItAcknowledges() throws IOException {
    for (boolean uring : new boolean[] {false, true}) {
      FaultyCalls healthy = run(uring, NONE);
      int writes = 0;
      int shortened = 0;
      for (int k = 0; k < healthy.calls(); k++) {
        if (healthy.reads().get(k) || writes++ % STRIDE > 0) {
          continue;
        }
        // What is left of a write that came through in part must be as durable as the part.
        var _ = run(uring, Fault.shortTransfer(k, BLOCK));
        shortened++;
      }
      System.out.printf(
          "durable writes: io_uring=%b, writes=%d, shortened=%d%n", uring, writes, shortened);
      assertThat(writes).isGreaterThan(EPOCHS.length);
      assertThat(shortened).isEqualTo((writes + STRIDE - 1) / STRIDE);
    }
  }

  /** Commits each epoch in both forms; returns the calls that were made. */
  private static FaultyCalls run(boolean uring, Fault fault) throws IOException {
    Path folder = Files.createTempDirectory("ashlar-durable");
    Path path = folder.resolve("data");
    FaultyCalls calls = new FaultyCalls(fault);
    Disk disk = FaultyDisks.open(path, NativeFile.Mode.CREATE, calls, uring);
    try (StoreLife.Opened opened = StoreLife.openOn(disk, CONFIG, SEED)) {
      int id = 0;
      for (int[] lengths : EPOCHS) {
        for (boolean blocking : new boolean[] {true, false}) {
          Acknowledged acknowledged = new Acknowledged(calls);
          try (Epoch epoch = opened.store().beginEpoch()) {
            for (int length : lengths) {
              epoch.put(StoreLife.id(id++ % 9), MemorySegment.ofArray(new byte[length]));
            }
            if (blocking) {
              var _ = epoch.commit();
              acknowledged.look();
            } else {
              epoch.commit(acknowledged);
              while (opened.store().doWork() > 0) {
                // until the group is published
              }
            }
          }
          assertThat(acknowledged.volatileBlocks)
              .as("blocks not durable: io_uring=%b, blocking=%b, %s", uring, blocking, fault)
              .isZero();
        }
      }
      return calls;
    } finally {
      Files.deleteIfExists(path);
      Files.deleteIfExists(folder);
    }
  }

  /** Looks at the calls at the moment of the acknowledgement. */
  private static final class Acknowledged implements AckListener {
    private final FaultyCalls calls;
    private int volatileBlocks = -1;

    Acknowledged(FaultyCalls calls) {
      this.calls = calls;
    }

    void look() {
      volatileBlocks = calls.volatileBlocks();
    }

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      look();
    }

    @Override
    public void onFailed(StoreException reason) {
      throw new AssertionError(reason);
    }
  }
}
