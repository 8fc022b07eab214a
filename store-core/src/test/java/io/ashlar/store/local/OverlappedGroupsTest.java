package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StorageFullException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreFailedException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.InjectedFailure;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.uring.Errno;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Large groups are acknowledged while the next one is written: in order, once, and truthfully. */
@org.junit.jupiter.api.Timeout(
    value = 120,
    threadMode = org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD)
class OverlappedGroupsTest {

  private static final int GROUP = 24;
  private static final byte VALUE = 1;
  private static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(16 << 20)
          .withInitialFileBytes(4 << 20)
          .withGroupEpochsMax(GROUP);

  private final SimulatedDisk disk = new SimulatedDisk();
  private final List<DataFileStore> opened = new ArrayList<>(1);
  private final Deque<Runnable> steps = new ArrayDeque<>(); // of index checkpoints, left waiting
  private final List<Long> durable = new ArrayList<>();
  private final List<Long> recordsAtAck = new ArrayList<>();
  private final List<StoreException> failed = new ArrayList<>();

  private final AckListener listener =
      new AckListener() {
        @Override
        public void onDurable(
            long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
          assertThat(store().durableEpoch()).isGreaterThanOrEqualTo(epoch);
          durable.add(epoch);
          recordsAtAck.add(records());
        }

        @Override
        public void onFailed(StoreException reason) {
          failed.add(reason);
        }
      };

  /** Opened by the thread that runs the test, which drives the I/O thread's work. */
  private DataFileStore store() {
    if (opened.isEmpty()) {
      SplittableRandom ids = new SplittableRandom(1);
      opened.add(
          StoreOpening.open(
              "test",
              disk,
              CONFIG,
              new StoreEnvironment(
                  ids::nextLong, () -> 1_000_000L, () -> 0L, Runnable::run, steps::add, false)));
    }
    return opened.getFirst();
  }

  private void close() {
    for (Runnable step = steps.poll(); step != null; step = steps.poll()) {
      step.run();
    }
    store().close();
  }

  private long records() {
    return disk.events().stream().filter(ScriptedStore::isRecord).count();
  }

  private void enqueue(int epochs) {
    for (int i = 0; i < epochs; i++) {
      Epoch epoch = store().beginEpoch();
      epoch.put(new BlobId(7, i), MemorySegment.ofArray(new byte[] {VALUE}));
      epoch.commit(listener);
    }
  }

  private static List<Long> range(long first, long last) {
    return LongStream.rangeClosed(first, last).boxed().toList();
  }

  @Test
  void shouldTellTheOwnersOfALargeGroupWhileTheNextIsWritten() {
    var _ = store();
    long before = records();
    enqueue(2 * GROUP + 3);
    assertThat(store().doWork()).isEqualTo(2 * GROUP + 3);
    assertThat(durable).as("in order, each once").isEqualTo(range(1, 2 * GROUP + 3));
    assertThat(recordsAtAck.getFirst()).as("the second record is submitted").isEqualTo(before + 2);
    assertThat(recordsAtAck.get(GROUP)).as("the third record is submitted").isEqualTo(before + 3);
    assertThat(failed).isEmpty();
    close();
  }

  @Test
  void shouldTellTheOwnersOfADurableGroupWhenTheNextFails() {
    enqueue(GROUP);
    assertThat(store().doWork()).isEqualTo(GROUP);
    durable.clear();
    disk.fail(InjectedFailure.change(disk.changeCount() + 1, Errno.EIO, false));
    enqueue(3 * GROUP);
    assertThat(store().doWork()).isEqualTo(3 * GROUP);
    assertThat(durable).as("the first group").isEqualTo(range(GROUP + 1, 2 * GROUP));
    assertThat(failed).hasSize(2 * GROUP);
    assertThat(failed)
        .allSatisfy(failure ->
            assertThat(failure)
                .isInstanceOfSatisfying(
                    StoreFailedException.class,
                    reason -> assertThat(reason.outcomeUnknown()).isTrue()));
    close();
  }

  @Test
  void shouldTellTheOwnersBeforeATaskThatWaitsBehindThemRuns() {
    enqueue(GROUP);
    assertThat(store().doWork()).isEqualTo(GROUP);
    assertThat(durable).as("nothing else waited").isEqualTo(range(1, GROUP));
    enqueue(GROUP - 1);
    assertThat(store().doWork()).isEqualTo(GROUP - 1);
    assertThat(durable).hasSize(2 * GROUP - 1);
    close();
  }

  /** Values of a group that no hole takes whole go to as few runs as there are, a write each. */
  @Test
  void shouldWriteOneRunForEachHole() {
    int blobs = 120;
    try (Epoch epoch = store().beginEpoch()) {
      for (int i = 0; i < blobs; i++) {
        epoch.put(new BlobId(8, i), MemorySegment.ofArray(new byte[4096]));
      }
      epoch.commit();
    }
    fillUp();
    try (Epoch epoch = store().beginEpoch()) {
      for (int i = 0; i < blobs; i++) {
        if (i % 10 < 8) { // holes of eight blocks
          epoch.delete(new BlobId(8, i));
        }
      }
      epoch.commit();
    }
    enqueue(1); // with a mark behind the deletes
    assertThat(store().doWork()).isOne();
    int from = disk.events().size();
    long before = records();
    enqueue(GROUP);
    assertThat(store().doWork()).isEqualTo(GROUP);
    List<Integer> runs =
        disk.events().subList(from, disk.events().size()).stream()
            .filter(DiskEvent.Write.class::isInstance)
            .map(event -> ((DiskEvent.Write) event).bytes())
            .filter(bytes -> bytes[0] == VALUE) // neither a record nor what fills new space
            .map(bytes -> bytes.length / 4096)
            .toList();
    assertThat(records()).as("one group").isEqualTo(before + 1);
    assertThat(runs).as("blocks a write").hasSizeLessThanOrEqualTo(GROUP / 8 + 1);
    assertThat(runs.stream().mapToInt(Integer::intValue).sum()).isEqualTo(GROUP);
    assertThat(store().verify(new VerifyListener() {}).damaged()).isZero();
    close();
  }

  /** Takes what is free until no run of a whole group is left. */
  private void fillUp() {
    disk.limitSize(disk.size());
    int id = 0;
    for (int blocks = 64; blocks > 0; blocks /= 2) {
      boolean full = false;
      while (!full) {
        try (Epoch epoch = store().beginEpoch()) {
          epoch.put(new BlobId(9, id++), MemorySegment.ofArray(new byte[blocks * 4096]));
          epoch.commit();
        } catch (StorageFullException e) {
          full = true;
        }
      }
    }
  }
}
