package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.Campaign;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.disk.Disk;
import io.ashlar.store.disk.FaultyDisks;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.local.StoreLife.History;
import io.ashlar.uring.Errno;
import io.ashlar.uring.FaultyCalls;
import io.ashlar.uring.FaultyCalls.Fault;
import io.ashlar.uring.NativeException;
import io.ashlar.uring.NativeFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every system call of a scripted workload fails or is cut short, below the code that resubmits,
 * retries and gives up: on the pread/pwrite disk, and on the io_uring disk over a kernel in memory.
 */
@Tag("campaign")
class SystemCallFailureTest {

  private static final long SEED = Long.getLong("test.seed", 20_261_122);
  private static final int GROUPS = 6;

  /** Each call fails with EIO, and with some of the other faults in turn. */
  private static final int STRIDE = Campaign.stride("fault.stride", 2);

  /** Whose turn is first, so that runs differ in which call meets which fault. */
  private static final long TURN = Long.getLong("fault.turn", System.nanoTime() % 1000);

  private static final Fault NONE = Fault.errno(Long.MAX_VALUE, Errno.EIO, 0);
  private static final long FOREVER = Long.MAX_VALUE;

  /** Thousands of failures are meant: each would be logged with its stack. */
  private final Logger quiet = Logger.getLogger("io.ashlar.store");

  @TempDir Path folder;

  @BeforeEach
  void muteTheLog() {
    quiet.setLevel(Level.OFF);
  }

  @AfterEach
  void restoreTheLog() {
    quiet.setLevel(null);
  }

  /** What became of the store. */
  private enum Outcome {
    WENT_ON,
    POISONED,
    NOT_OPENED
  }

  private static List<Fault> faults(long index, boolean isRead) {
    List<Fault> faults = new ArrayList<>();
    faults.add(Fault.errno(index, Errno.EIO, 1));
    faults.add(Fault.errno(index, Errno.EIO, FOREVER));
    if (!isRead) {
      faults.add(Fault.errno(index, Errno.ENOSPC, 1));
      faults.add(Fault.errno(index, Errno.ECANCELED, 1));
      for (int errno : new int[] {Errno.ENOSPC, Errno.EDQUOT, Errno.EROFS}) {
        faults.add(Fault.errno(index, errno, FOREVER));
      }
    }
    for (int errno : new int[] {Errno.EINTR, Errno.EAGAIN}) {
      faults.add(Fault.errno(index, errno, 1));
      faults.add(Fault.errno(index, errno, 4));
    }
    for (long bytes : new long[] {0, 512, -512}) {
      faults.add(Fault.shortTransfer(index, bytes));
    }
    return faults;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldEndInThePromisedStateWhateverSystemCallFails(boolean uring) throws IOException {
    FaultyCalls healthy = run(NONE, uring).calls;
    long calls = healthy.calls();
    int[] outcomes = new int[Outcome.values().length];
    int tries = 0;
    long turn = TURN;
    for (long k = 0; k < calls; k++) {
      for (Fault fault : faults(k, healthy.reads().get((int) k))) {
        if (fault.errno() != Errno.EIO && turn++ % STRIDE > 0) {
          continue;
        }
        Result result = run(fault, uring);
        outcomes[result.outcome.ordinal()]++;
        tries++;
      }
    }
    System.out.printf(
        "system calls failed: engine=%s, calls=%d, tries=%d, went on=%d, poisoned=%d, not opened=%d"
            + " (-Dtest.seed=%d -Dfault.turn=%d)%n",
        uring ? "io_uring" : "pread/pwrite",
        calls,
        tries,
        outcomes[0],
        outcomes[1],
        outcomes[2],
        SEED,
        TURN);
    assertThat(outcomes).doesNotContain(0);
  }

  private record Result(Outcome outcome, FaultyCalls calls) {}

  private Result run(Fault fault, boolean uring) throws IOException {
    Path path = folder.resolve("data");
    Files.deleteIfExists(path);
    FaultyCalls calls = new FaultyCalls(fault);
    History history = new History();
    long acknowledged = 0;
    Outcome outcome = Outcome.WENT_ON;
    Disk disk = FaultyDisks.open(path, NativeFile.Mode.CREATE, calls, uring);
    try (StoreLife.Opened opened = StoreLife.openOn(disk, SEED)) {
      StoreLife life = StoreLife.over(new SimulatedDisk(), history, opened, SEED);
      StoreException failure = life.runUntilFailure(GROUPS);
      acknowledged = life.acknowledged();
      if (failure != null) {
        assertThat(failure)
            .as("%s", fault)
            .isInstanceOf(calls.readFailed() ? StoreException.class : StoreFailedException.class);
      }
      if (opened.store().stats().failed()) {
        outcome = Outcome.POISONED;
        refuseEveryWrite(calls, opened, fault);
      }
    } catch (NativeException | StoreException e) {
      outcome = Outcome.NOT_OPENED;
    }
    assertThat(calls.callsAfterFailedSync()).as("G6: no retry, no write: %s", fault).isZero();
    reopen(path, uring, history, acknowledged, fault);
    return new Result(outcome, calls);
  }

  /** L24: after poison nothing is written, whatever is asked for. */
  private static void refuseEveryWrite(FaultyCalls calls, StoreLife.Opened opened, Fault fault) {
    long before = calls.changes();
    assertThatThrownBy(
            () -> {
              try (Epoch epoch = opened.store().beginEpoch()) {
                epoch.put(StoreLife.id(1), MemorySegment.ofArray(new byte[10]));
                epoch.commit();
              }
            })
        .as("%s", fault)
        .isInstanceOf(StoreFailedException.class);
    opened.close();
    assertThat(calls.changes()).as("writes after poison: %s", fault).isEqualTo(before);
  }

  private static void reopen(
      Path path, boolean uring, History history, long acknowledged, Fault fault) {
    Disk disk = FaultyDisks.open(path, NativeFile.Mode.READ_WRITE, new FaultyCalls(NONE), uring);
    try (StoreLife.Opened opened = StoreLife.openAfterCrash(disk, SEED)) {
      long kept = opened.store().recoveryReport().lastEpoch();
      assertThat(kept).as("%s", fault).isBetween(acknowledged, history.states.size() - 1L);
      assertThat(StoreLife.difference(opened.store(), history.states.get((int) kept)))
          .as("%s", fault)
          .isNull();
    }
  }
}
