package io.ashlar.store.disk;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link Disk} does; an implementation's test extends this and says how to open one. */
public abstract class DiskContractTest {
  protected static final int BLOCK = Disk.BLOCK_BYTES;
  protected static final long SECOND_NS = 1_000_000_000;
  private static final int BUFFER_BLOCKS = 256;

  /** What was delivered: bytes by token. */
  protected final Map<Long, Long> delivered = new HashMap<>();

  protected NativeMemory memory;
  protected Disk disk;

  protected final DiskCompletion record =
      (token, failure, bytes) -> {
        assertThat(failure).isNull();
        assertThat(delivered.put(token, bytes)).as("token %d delivered twice", token).isNull();
      };

  /** Opens an empty disk that works. */
  protected abstract Disk open() throws Exception;

  @BeforeEach
  final void openDisk() throws Exception {
    memory = NativeMemory.allocate((long) BUFFER_BLOCKS * BLOCK);
    disk = open();
  }

  @AfterEach
  final void closeDisk() {
    // Null if opening was not possible here, and the test skipped.
    if (disk != null) {
      disk.close();
    }
    memory.close();
  }

  @Test
  void shouldReadWhatWasWritten() {
    disk.write(filled(0, 3, 1), 5 * BLOCK);
    assertThat(disk.read(blocks(10, 3), 5 * BLOCK)).isEqualTo(3 * BLOCK);
    assertSame(blocks(10, 3), blocks(0, 3));
    assertThat(disk.size()).isEqualTo(8 * BLOCK);
    assertThat(disk.read(blocks(10, 1), 0)).isEqualTo(BLOCK);
    assertThat(blocks(10, 1).get(JAVA_LONG, 0)).isZero();
  }

  @Test
  void shouldGatherSourcesIntoOneContiguousRange() {
    try (IoVectors sources = new IoVectors(8)) {
      for (boolean durable : new boolean[] {false, true}) {
        sources.clear();
        for (int i : new int[] {9, 2, 3, 7}) {
          sources.add(filled(i, 1, i));
        }
        disk.write(sources, durable ? 20 * BLOCK : 0, durable);
        assertThat(disk.read(blocks(30, 4), durable ? 20 * BLOCK : 0)).isEqualTo(4 * BLOCK);
        assertSame(blocks(30, 1), blocks(9, 1));
        assertSame(blocks(31, 2), blocks(2, 2));
        assertSame(blocks(33, 1), blocks(7, 1));
      }
    }
  }

  @Test
  void shouldReadFewerBytesOnlyAtTheEndOfTheFile() {
    disk.write(filled(0, 2, 1), 0);
    assertThat(disk.read(blocks(4, 4), 0)).isEqualTo(2 * BLOCK);
    assertThat(disk.read(blocks(4, 4), BLOCK)).isEqualTo(BLOCK);
    assertThat(disk.read(blocks(4, 1), 2 * BLOCK)).isZero();
    assertThat(disk.read(blocks(4, 1), 100 * BLOCK)).isZero();
  }

  @Test
  void shouldReadZeroesWhereAFileGrewAndNothingWhereItShrank() {
    disk.write(filled(0, 4, 1), 0);
    disk.truncate(2 * BLOCK);
    assertThat(disk.size()).isEqualTo(2 * BLOCK);
    assertThat(disk.read(blocks(10, 4), 0)).isEqualTo(2 * BLOCK);
    disk.truncate(4 * BLOCK);
    assertThat(disk.read(blocks(10, 4), 0)).isEqualTo(4 * BLOCK);
    assertSame(blocks(10, 2), blocks(0, 2));
    assertZero(blocks(12, 2));
  }

  @Test
  void shouldReadZeroesFromAPunchedHole() {
    disk.write(filled(0, 4, 1), 0);
    disk.punchHole(BLOCK, 2 * BLOCK);
    assertThat(disk.size()).isEqualTo(4 * BLOCK);
    assertThat(disk.read(blocks(10, 4), 0)).isEqualTo(4 * BLOCK);
    assertSame(blocks(10, 1), blocks(0, 1));
    assertZero(blocks(11, 2));
    assertSame(blocks(13, 1), blocks(3, 1));
  }

  @Test
  void shouldReadZeroesFromARangeThatWasZeroedAcrossTheEnd() {
    disk.write(filled(0, 4, 1), 0);
    disk.zeroRange(3 * BLOCK, 3 * BLOCK);
    assertThat(disk.size()).isEqualTo(6 * BLOCK);
    assertThat(disk.read(blocks(10, 6), 0)).isEqualTo(6 * BLOCK);
    assertSame(blocks(10, 3), blocks(0, 3));
    assertZero(blocks(13, 3));
    disk.write(blocks(0, 1), 4 * BLOCK);
    disk.sync();
    assertThat(disk.read(blocks(10, 6), 0)).isEqualTo(6 * BLOCK);
    assertZero(blocks(13, 1));
    assertSame(blocks(14, 1), blocks(0, 1));
    assertZero(blocks(15, 1));
  }

  @Test
  void shouldKeepWhatARangeHeldThatIsAllocatedAcrossTheEnd() {
    disk.write(filled(0, 4, 1), 0);
    disk.punchHole(2 * BLOCK, BLOCK);
    disk.allocate(BLOCK, 5 * BLOCK);
    assertThat(disk.size()).isEqualTo(6 * BLOCK);
    assertThat(disk.read(blocks(10, 6), 0)).isEqualTo(6 * BLOCK);
    assertSame(blocks(10, 2), blocks(0, 2));
    assertZero(blocks(12, 1));
    assertSame(blocks(13, 1), blocks(3, 1));
    assertZero(blocks(14, 2));
    disk.write(blocks(0, 1), 4 * BLOCK);
    disk.sync();
    assertThat(disk.size()).isEqualTo(6 * BLOCK);
    assertThat(disk.read(blocks(10, 2), 4 * BLOCK)).isEqualTo(2 * BLOCK);
    assertSame(blocks(10, 1), blocks(0, 1));
    assertZero(blocks(11, 1));
    disk.allocate(0, 2 * BLOCK);
    assertThat(disk.size()).as("it never becomes shorter").isEqualTo(6 * BLOCK);
  }

  @Test
  void shouldStillReadAfterASync() {
    disk.write(filled(0, 1, 1), 0);
    disk.sync();
    disk.syncAll();
    disk.read(blocks(1, 1), 0);
    assertSame(blocks(1, 1), blocks(0, 1));
  }

  @Test
  void shouldSayWhichEngineItIsAndWhy() {
    assertThat(disk.engine()).isNotBlank();
    assertThat(disk.engineReason()).isNotBlank();
  }

  @Test
  void shouldWriteSyncAndReadBackThroughTheQueue() {
    try (DiskQueue queue = disk.openQueue(4);
        IoVectors sources = new IoVectors(4)) {
      sources.add(filled(4, 1, 4));
      sources.add(filled(2, 1, 2));
      queue.submitWrite(Sources.of(filled(0, 2, 1)), 0, false, 100);
      queue.submitWrite(sources, 2 * BLOCK, false, 101);
      queue.submitWrite(sources, 4 * BLOCK, true, 102);
      assertThat(queue.inFlight()).isEqualTo(3);
      awaitAll(queue);
      disk.sync();
      queue.submitRead(blocks(10, 6), 6 * BLOCK, 0, 104);
      awaitAll(queue);
      assertThat(delivered)
          .containsEntry(100L, 2L * BLOCK)
          .containsEntry(101L, 2L * BLOCK)
          .containsEntry(102L, 2L * BLOCK)
          .containsEntry(104L, 6L * BLOCK)
          .hasSize(4);
      assertSame(blocks(10, 2), blocks(0, 2));
      assertSame(blocks(12, 1), blocks(4, 1));
      assertSame(blocks(13, 1), blocks(2, 1));
      assertSame(blocks(14, 2), blocks(12, 2));
    }
  }

  @Test
  void shouldDeliverFewerBytesOnlyAtTheEndOfTheFile() {
    disk.write(filled(0, 2, 1), 0);
    try (DiskQueue queue = disk.openQueue(4)) {
      queue.submitRead(blocks(4, 4), 4 * BLOCK, 0, 1);
      queue.submitRead(blocks(8, 4), 4 * BLOCK, BLOCK, 2);
      queue.submitRead(blocks(12, 4), 4 * BLOCK, 2 * BLOCK, 3);
      queue.submitRead(blocks(16, 0), 0 * BLOCK, 0, 4);
      awaitAll(queue);
      assertThat(delivered)
          .containsEntry(1L, 2L * BLOCK)
          .containsEntry(2L, (long) BLOCK)
          .containsEntry(3L, 0L)
          .containsEntry(4L, 0L);
    }
  }

  @Test
  void shouldSeeInTheSynchronousHalfWhatTheQueueHasCompleted() {
    try (DiskQueue queue = disk.openQueue(1)) {
      queue.submitWrite(Sources.of(filled(0, 1, 7)), 3 * BLOCK, false, 1);
      awaitAll(queue);
      assertThat(disk.read(blocks(1, 1), 3 * BLOCK)).isEqualTo(BLOCK);
      assertSame(blocks(1, 1), blocks(0, 1));
      disk.write(filled(2, 1, 8), 3 * BLOCK);
      queue.submitRead(blocks(3, 1), 1 * BLOCK, 3 * BLOCK, 2);
      awaitAll(queue);
      assertSame(blocks(3, 1), blocks(2, 1));
    }
  }

  @Test
  void shouldDeliverEachOfManyOperationsOnce() {
    Random random = new Random(42);
    int blocks = 64;
    int operations = 2000;
    byte[] expected = new byte[blocks];
    disk.truncate((long) blocks * BLOCK);
    try (DiskQueue queue = disk.openQueue(16)) {
      for (int token = 0; token < operations; token++) {
        if (queue.inFlight() == 16) {
          queue.await(record, 10 * SECOND_NS);
        }
        int block = token % blocks;
        if (block == 0) {
          // Two writes of one block are never in flight together.
          awaitAll(queue);
        }
        expected[block] = (byte) (1 + random.nextInt(100));
        queue.submitWrite(
            Sources.of(filled(block, 1, expected[block])), (long) block * BLOCK, false, token);
      }
      awaitAll(queue);
      assertThat(delivered).hasSize(operations);
      assertThat(disk.read(blocks(100, blocks), 0)).isEqualTo((long) blocks * BLOCK);
      for (int block = 0; block < blocks; block++) {
        assertThat(blocks(100 + block, 1).get(JAVA_BYTE, 17)).isEqualTo(expected[block]);
      }
    }
  }

  @Test
  void shouldRefuseMoreOperationsThanItsCapacity() {
    try (DiskQueue queue = disk.openQueue(2)) {
      queue.submitWrite(Sources.of(filled(0, 1, 1)), 0, false, 1);
      queue.submitWrite(Sources.of(filled(1, 1, 1)), BLOCK, false, 2);
      assertThatIllegalStateException()
          .isThrownBy(() -> queue.submitWrite(Sources.of(blocks(2, 1)), 2 * BLOCK, false, 3))
          .withMessageContaining("full");
      awaitAll(queue);
      queue.submitRead(blocks(3, 1), BLOCK, 0, 4);
      awaitAll(queue);
      assertThat(delivered).containsOnlyKeys(1L, 2L, 4L);
    }
  }

  @Test
  void shouldTakeOperationsFromItsOwnCompletions() {
    int chain = 50;
    try (DiskQueue queue = disk.openQueue(1)) {
      DiskCompletion next =
          (token, failure, bytes) -> {
            record.onComplete(token, failure, bytes);
            if (token < chain) {
              queue.submitWrite(Sources.of(blocks(0, 1)), token * BLOCK, false, token + 1);
            }
          };
      queue.submitWrite(Sources.of(blocks(0, 1)), 0, false, 1);
      for (int i = 0; queue.inFlight() > 0 && i < 10_000; i++) {
        queue.await(next, SECOND_NS);
      }
      assertThat(delivered).hasSize(chain);
    }
  }

  @Test
  void shouldNotBlockInPoll() {
    try (DiskQueue queue = disk.openQueue(1)) {
      assertThat(queue.poll(record)).isZero();
      queue.submitWrite(Sources.of(blocks(0, 1)), 0, false, 1);
      long start = System.nanoTime();
      while (queue.poll(record) == 0 && System.nanoTime() - start < 10 * SECOND_NS) {
        Thread.onSpinWait();
      }
      assertThat(delivered).containsOnlyKeys(1L);
      assertThat(queue.inFlight()).isZero();
    }
  }

  @Test
  void shouldEndAwaitAtTheTimeout() {
    try (DiskQueue queue = disk.openQueue(1)) {
      long start = System.nanoTime();
      assertThat(queue.await(record, 20_000_000)).isZero();
      assertThat(System.nanoTime() - start).isGreaterThan(19_000_000);
      assertThat(queue.await(record, 0)).isZero();
    }
  }

  @Test
  void shouldEndAwaitOnceForAWakeUpThatCameBefore() {
    try (DiskQueue queue = disk.openQueue(1)) {
      queue.wakeUp();
      queue.wakeUp();
      long start = System.nanoTime();
      assertThat(queue.await(record, 100 * SECOND_NS)).isZero();
      assertThat(System.nanoTime() - start).isLessThan(50 * SECOND_NS);
      start = System.nanoTime();
      assertThat(queue.await(record, 20_000_000)).isZero();
      assertThat(System.nanoTime() - start).isGreaterThan(19_000_000);
    }
  }

  @Test
  void shouldBeWokenByAnotherThreadAgainAndAgain() throws InterruptedException {
    try (DiskQueue queue = disk.openQueue(1)) {
      for (int round = 0; round < 200; round++) {
        int delayed = round;
        Thread waker =
            new Thread(() -> {
              if (delayed % 4 == 0) {
                sleepOneMs();
              }
              queue.wakeUp();
            });
        long start = System.nanoTime();
        waker.start();
        assertThat(queue.await(record, 100 * SECOND_NS)).isZero();
        assertThat(System.nanoTime() - start).isLessThan(50 * SECOND_NS);
        waker.join();
      }
    }
  }

  @Test
  void shouldKeepAnInterruptPendingWhileItWaits() {
    try (DiskQueue queue = disk.openQueue(1)) {
      Thread.currentThread().interrupt();
      long start = System.nanoTime();
      assertThat(queue.await(record, 20_000_000)).isZero();
      assertThat(System.nanoTime() - start).isGreaterThan(19_000_000);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void shouldCompleteOperationsInFlightWhenItsQueueIsClosed() {
    try (DiskQueue queue = disk.openQueue(8)) {
      for (int i = 0; i < 8; i++) {
        queue.submitWrite(Sources.of(filled(i * 8, 8, i + 1)), (long) i * 8 * BLOCK, false, i);
      }
    }
    assertThat(disk.read(blocks(100, 64), 0)).isEqualTo(64 * BLOCK);
    assertSame(blocks(100, 64), blocks(0, 64));
  }

  @Test
  void shouldRefuseEverythingButAWakeUpAfterClose() {
    DiskQueue queue = disk.openQueue(1);
    queue.close();
    queue.close();
    queue.wakeUp();
    assertThatIllegalStateException().isThrownBy(() -> queue.submitRead(blocks(0, 1), BLOCK, 0, 1));
    assertThatIllegalStateException().isThrownBy(() -> queue.poll(record));
  }

  @Test
  void shouldBelongToTheThreadThatOpenedIt() throws InterruptedException {
    try (DiskQueue queue = disk.openQueue(1)) {
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread other =
          Thread.ofPlatform()
              .uncaughtExceptionHandler((thread, thrown) -> failure.set(thrown))
              .start(() -> queue.submitRead(blocks(0, 1), BLOCK, 0, 1));
      other.join();
      assertThat(failure.get()).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void shouldServeSeveralQueuesAndThreadsAtOnce() throws InterruptedException {
    disk.truncate(64 * BLOCK);
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int first = t * 16;
      threads.add(
          Thread.ofPlatform()
              .uncaughtExceptionHandler((thread, thrown) -> {
                synchronized (failures) {
                  failures.add(thrown);
                }
              })
              .start(() -> writeAndVerify(first)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }

  /** Through a queue of its own and the synchronous half, in 16 blocks of its own. */
  private void writeAndVerify(int first) {
    try (DiskQueue queue = disk.openQueue(16)) {
      for (int round = 1; round <= 20; round++) {
        for (int i = 0; i < 16; i++) {
          queue.submitWrite(
              Sources.of(filled(first + i, 1, round + i)), (long) (first + i) * BLOCK, false, i);
        }
        while (queue.inFlight() > 0) {
          queue.await((token, failure, bytes) -> assertThat(failure).isNull(), SECOND_NS);
        }
        MemorySegment target = blocks(100 + first, 16);
        assertThat(disk.read(target, (long) first * BLOCK)).isEqualTo(16 * BLOCK);
        assertSame(target, blocks(first, 16));
      }
    }
  }

  /** Waits until nothing is in flight. */
  protected final void awaitAll(DiskQueue queue) {
    long start = System.nanoTime();
    while (queue.inFlight() > 0) {
      assertThat(System.nanoTime() - start).as("waiting").isLessThan(30 * SECOND_NS);
      queue.await(record, SECOND_NS);
    }
  }

  /** Returns some blocks of the test's buffer. */
  protected final MemorySegment blocks(int first, int count) {
    return memory.segment().asSlice((long) first * BLOCK, (long) count * BLOCK);
  }

  /** Returns some blocks of the test's buffer, all bytes set. */
  protected final MemorySegment filled(int first, int count, int value) {
    return blocks(first, count).fill((byte) value);
  }

  private static void assertSame(MemorySegment actual, MemorySegment expected) {
    assertThat(actual.mismatch(expected)).isEqualTo(-1);
  }

  private static void assertZero(MemorySegment actual) {
    for (long offset = 0; offset < actual.byteSize(); offset += 8) {
      assertThat(actual.get(JAVA_LONG, offset)).isZero();
    }
  }

  private static void sleepOneMs() {
    try {
      Thread.sleep(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
