package io.ashlar.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ring against the running kernel. */
class UringTest {
  private static final int BLOCK = 4096;
  private static final long SECOND_NS = 1_000_000_000;

  @TempDir Path folder;

  private final Map<Long, Integer> results = new HashMap<>();
  private NativeMemory memory;
  private MemorySegment buffer;
  private NativeFile file;
  private Uring ring;

  @BeforeAll
  static void needsUring() {
    assumeTrue(UringSupport.probe().available(), UringSupport.probe()::reason);
  }

  @BeforeEach
  void open() {
    memory = NativeMemory.allocate(64 * BLOCK);
    buffer = memory.segment();
    file = NativeFile.open(folder.resolve("data"), NativeFile.Mode.CREATE, true);
    ring = Uring.open(16);
    ring.registerFiles(file.fd());
  }

  @AfterEach
  void close() {
    ring.close();
    file.close();
    memory.close();
  }

  private static IoVectors vectors(MemorySegment source) {
    IoVectors vectors = new IoVectors(1, Arena.ofAuto());
    vectors.add(source);
    return vectors;
  }

  @Test
  void shouldReadBackWhatWasWrittenAndSynced() {
    buffer.asSlice(0, BLOCK).fill((byte) 3);
    assertThat(ring.prepareWritev(0, vectors(buffer.asSlice(0, BLOCK)), BLOCK, 0, 1)).isTrue();
    await(1);
    assertThat(ring.prepareDataSync(0, 2)).isTrue();
    await(1);
    assertThat(ring.prepareRead(0, buffer.asSlice(BLOCK, BLOCK), BLOCK, BLOCK, 3)).isTrue();
    await(1);
    assertThat(results).containsEntry(1L, BLOCK).containsEntry(2L, 0).containsEntry(3L, BLOCK);
    assertThat(buffer.asSlice(BLOCK, BLOCK).mismatch(buffer.asSlice(0, BLOCK))).isEqualTo(-1);
  }

  @Test
  void shouldGatherDurably() {
    try (IoVectors sources = new IoVectors(4)) {
      sources.add(buffer.asSlice(4 * BLOCK, BLOCK).fill((byte) 4));
      sources.add(buffer.asSlice(0, BLOCK).fill((byte) 5));
      assertThat(ring.prepareWritev(0, sources, 0, Uring.RWF_DSYNC, 7)).isTrue();
      await(1);
      assertThat(results).containsEntry(7L, 2 * BLOCK);
      MemorySegment target = buffer.asSlice(8 * BLOCK, 2 * BLOCK);
      assertThat(file.read(target, 0)).isEqualTo(2 * BLOCK);
      assertThat(target.asSlice(0, BLOCK).mismatch(buffer.asSlice(4 * BLOCK, BLOCK))).isEqualTo(-1);
      assertThat(target.asSlice(BLOCK).mismatch(buffer.asSlice(0, BLOCK))).isEqualTo(-1);
    }
  }

  @Test
  void shouldCompleteManyOperationsEachOnce() {
    int total = 20_000;
    int prepared = 0;
    file.truncate(64 * BLOCK);
    while (results.size() < total) {
      while (prepared < total && prepare(prepared)) {
        prepared++;
      }
      assertThat(ring.submitAndWait(1, 10 * SECOND_NS)).isPositive();
      reap();
    }
    assertThat(results.values()).containsOnly(0, BLOCK);
    ring.close(); // fails if the ring still counts an operation
  }

  private boolean prepare(int token) {
    return token % 3 == 0
        ? ring.prepareRead(0, buffer.asSlice(0, BLOCK), BLOCK, (long) (token % 64) * BLOCK, token)
        : ring.prepareNop(token);
  }

  @Test
  void shouldReportAFailureAsANegatedErrno() {
    assertThat(ring.prepareRead(0, buffer.asSlice(0, BLOCK), BLOCK, -BLOCK, 5)).isTrue();
    await(1);
    assertThat(results).containsEntry(5L, -Errno.EINVAL);
  }

  @Test
  void shouldReturnAtTheTimeout() {
    try (EventFd late = EventFd.create()) {
      assertThat(ring.preparePollMultishot(late.fd(), 1)).isTrue();
      long start = System.nanoTime();
      assertThat(ring.submitAndWait(1, 20_000_000)).isZero();
      assertThat(System.nanoTime() - start).isGreaterThan(19_000_000L);
      late.signal(); // the poll is still armed
      await(1);
      assertThat(results).containsKey(1L);
    }
  }

  @Test
  void shouldBeWokenEachTimeByAMultishotPoll() throws InterruptedException {
    try (EventFd wake = EventFd.create()) {
      assertThat(ring.preparePollMultishot(wake.fd(), 11)).isTrue();
      for (int round = 0; round < 100; round++) {
        Thread other = new Thread(wake::signal);
        other.start();
        assertThat(ring.submitAndWait(1, 10 * SECOND_NS)).isPositive();
        ring.reap(
            (token, result, flags) -> {
              assertThat(token).isEqualTo(11);
              assertThat(flags & Uring.COMPLETION_MORE).isNotZero();
            },
            Integer.MAX_VALUE);
        assertThat(wake.drain()).isTrue();
        other.join();
      }
      assertThat(wake.drain()).isFalse();
      ring.close(); // cancels the poll, and fails if the ring counts anything else
    }
  }

  @Test
  void shouldSeeCompletionsWithoutWaiting() {
    assertThat(ring.prepareNop(1)).isTrue();
    assertThat(ring.submitAndWait(0, 0)).isOne();
    reap();
    assertThat(results).containsEntry(1L, 0);
    assertThat(ring.submitAndWait(0, 0)).isZero();
  }

  @Test
  void shouldBeUsedByItsOwnerOnly() throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread other =
        Thread.ofPlatform()
            .uncaughtExceptionHandler((thread, thrown) -> failure.set(thrown))
            .start(() -> ring.prepareNop(1));
    other.join();
    assertThat(failure.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("belongs to another thread");
  }

  @Test
  void shouldNotBelongToAVirtualThread() throws InterruptedException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread.ofVirtual()
        .uncaughtExceptionHandler((thread, thrown) -> failure.set(thrown))
        .start(() -> Uring.open(8).close())
        .join();
    assertThat(failure.get()).hasMessageContaining("virtual thread");
  }

  @Test
  void shouldRefuseFilesThatAreNotRegisteredAndHeapMemory() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ring.prepareRead(1, buffer.asSlice(0, BLOCK), BLOCK, 0, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ring.prepareRead(0, MemorySegment.ofArray(new byte[BLOCK]), BLOCK, 0, 1));
  }

  @Test
  void shouldFinishOperationsInFlightWhenClosed() {
    buffer.asSlice(0, 16 * BLOCK).fill((byte) 6);
    assertThat(ring.prepareWritev(0, vectors(buffer.asSlice(0, 16 * BLOCK)), 0, 0, 1)).isTrue();
    ring.close();
    assertThat(file.read(buffer.asSlice(16 * BLOCK, 16 * BLOCK), 0)).isEqualTo(16 * BLOCK);
    assertThat(buffer.asSlice(16 * BLOCK, 16 * BLOCK).mismatch(buffer.asSlice(0, 16 * BLOCK)))
        .isEqualTo(-1);
  }

  @Tag("campaign") // warm needs the second compiler, which the fast tests go without
  @Test
  void shouldAllocateNothingPerOperationOnceWarm() {
    file.truncate(BLOCK);
    MemorySegment target = buffer.asSlice(0, BLOCK);
    CompletionHandler handler = (token, result, flags) -> {};
    long bytes =
        AllocatedBytes.perRound(() -> {
          assertThatNothingIsLost(ring.prepareRead(0, target, target.byteSize(), 0, 1));
          ring.submitAndWait(1, SECOND_NS);
          assertThatNothingIsLost(ring.reap(handler, 8) == 1);
        });
    assertThat(bytes).isZero();
  }

  private static void assertThatNothingIsLost(boolean condition) {
    if (!condition) {
      throw new AssertionError("an operation was refused or lost");
    }
  }

  private void await(int count) {
    assertThat(ring.submitAndWait(count, 10 * SECOND_NS)).isGreaterThanOrEqualTo(count);
    reap();
  }

  private void reap() {
    ring.reap(
        (token, result, flags) -> assertThat(results.put(token, result)).isNull(),
        Integer.MAX_VALUE);
  }
}
