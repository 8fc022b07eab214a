package io.ashlar.store.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.disk.RingOperation.Step;
import io.ashlar.uring.Backoff;
import io.ashlar.uring.Errno;
import io.ashlar.uring.IoVectors;
import io.ashlar.uring.NativeException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Results that the kernel gives rarely: transfers in part, and errors that pass. */
class RingOperationTest {
  private static final int BLOCK = Disk.BLOCK_BYTES;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment memory = arena.allocate(8 * BLOCK, BLOCK);
  private final IoVectors whole = Sources.of(memory);
  private final IoVectors sources = new IoVectors(2);
  private final RingOperation operation = new RingOperation(BLOCK, "file=test");

  @AfterEach
  void close() {
    operation.close();
    sources.close();
    arena.close();
  }

  @Test
  void shouldBeDoneWhenEverythingWasMoved() {
    operation.write(whole, 0, 0, false, 5);
    assertThat(operation.completed(8 * BLOCK)).isEqualTo(Step.DONE);
    assertDone(8 * BLOCK);
    assertThat(operation.token()).isEqualTo(5);
  }

  @ParameterizedTest
  @ValueSource(ints = {BLOCK, BLOCK + 512, 2 * BLOCK - 1, 7 * BLOCK})
  void shouldWriteTheWholeBlocksThatAreLeft(int shortResult) {
    operation.write(whole, 0, 0, false, 5);
    assertThat(operation.completed(shortResult)).isEqualTo(Step.AGAIN);
    long begun = shortResult / BLOCK * (long) BLOCK;
    assertThat(operation.nextByte()).isEqualTo(begun);
    assertThat(operation.completed((int) (8 * BLOCK - begun))).isEqualTo(Step.DONE);
    assertDone(8 * BLOCK);
  }

  @Test
  @Tag("campaign")
  void shouldTryAWriteOfLessThanABlockAgainButNotForEver() {
    operation.write(whole, 0, 0, false, 5);
    assertThat(operation.completed(512)).isEqualTo(Step.AGAIN);
    assertThat(operation.nextByte()).isZero();
    assertThat(operation.completed(BLOCK)).isEqualTo(Step.AGAIN);
    assertThat(operation.nextByte()).isEqualTo(BLOCK);
    for (int i = 0; i < Backoff.ATTEMPTS_MAX; i++) {
      assertThat(operation.completed(512)).isEqualTo(Step.AGAIN);
    }
    assertThat(operation.completed(512)).isEqualTo(Step.FAILED);
    assertFailed(Errno.EAGAIN);
  }

  @Test
  void shouldFailAWriteOfNothing() {
    operation.write(whole, 0, 0, false, 5);
    assertThat(operation.completed(0)).isEqualTo(Step.FAILED);
    assertFailed(Errno.EIO);
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN})
  void shouldTryAgainAfterAnErrorThatPasses(int errno) {
    operation.read(memory, memory.byteSize(), 0, 5);
    assertThat(operation.completed(-errno)).isEqualTo(Step.AGAIN);
    assertThat(operation.completed(8 * BLOCK)).isEqualTo(Step.DONE);
    operation.free();
    operation.write(whole, 0, 0, false, 6);
    assertThat(operation.completed(-errno)).isEqualTo(Step.AGAIN);
    assertThat(operation.completed(8 * BLOCK)).isEqualTo(Step.DONE);
  }

  @Test
  @Tag("campaign")
  void shouldFailAfterTooManyErrorsThatShouldPass() {
    operation.read(memory, memory.byteSize(), 0, 5);
    for (int i = 0; i < Backoff.ATTEMPTS_MAX; i++) {
      assertThat(operation.completed(-Errno.EAGAIN)).isEqualTo(Step.AGAIN);
    }
    assertThat(operation.completed(-Errno.EAGAIN)).isEqualTo(Step.FAILED);
    assertFailed(Errno.EAGAIN);
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EIO, Errno.ENOSPC, Errno.EDQUOT, Errno.ECANCELED, Errno.EROFS})
  void shouldFailWithTheErrorThatStays(int errno) {
    operation.write(whole, 0, 0, false, 5);
    assertThat(operation.completed(BLOCK)).isEqualTo(Step.AGAIN);
    assertThat(operation.completed(-errno)).isEqualTo(Step.FAILED);
    assertFailed(errno);
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EIO, Errno.EINTR, Errno.EAGAIN, Errno.ECANCELED})
  void shouldNeverTryASyncAgain(int errno) {
    operation.write(whole, 0, 0, true, 5);
    assertThat(operation.completed(Math.toIntExact(whole.bytes()))).isEqualTo(Step.AGAIN);
    assertThat(operation.completed(-errno)).isEqualTo(Step.FAILED);
    assertFailed(errno);
  }

  @Test
  void shouldReadOnUntilTheFileEnds() {
    operation.read(memory, memory.byteSize(), 0, 5);
    assertThat(operation.completed(BLOCK + 100)).isEqualTo(Step.AGAIN);
    assertThat(operation.nextByte()).isEqualTo(BLOCK);
    assertThat(operation.completed(100)).isEqualTo(Step.DONE);
    assertDone(BLOCK + 100);
  }

  @Test
  void shouldReadOnAfterAShortReadThatIsNotTheEnd() {
    operation.read(memory, memory.byteSize(), 0, 5);
    assertThat(operation.completed(BLOCK + 100)).isEqualTo(Step.AGAIN);
    assertThat(operation.completed(7 * BLOCK)).isEqualTo(Step.DONE);
    assertDone(8 * BLOCK);
  }

  @Test
  void shouldDeliverNothingFromBehindTheEnd() {
    operation.read(memory, memory.byteSize(), 0, 5);
    assertThat(operation.completed(0)).isEqualTo(Step.DONE);
    assertDone(0);
  }

  @Test
  void shouldSyncAfterADurableWriteToABufferedFile() {
    sources.add(memory.asSlice(0, BLOCK));
    sources.add(memory.asSlice(2 * BLOCK, BLOCK));
    operation.write(sources, 0, 0, true, 5);
    assertThat(operation.completed(BLOCK)).isEqualTo(Step.AGAIN);
    assertThat(operation.completed(BLOCK)).as("then the sync").isEqualTo(Step.AGAIN);
    assertThat(operation.completed(0)).isEqualTo(Step.DONE);
    assertDone(2 * BLOCK);
  }

  @Test
  void shouldNotCountAsDoneWhenTheSyncAfterTheWriteFails() {
    sources.add(memory.asSlice(0, BLOCK));
    operation.write(sources, 0, 0, true, 5);
    assertThat(operation.completed(BLOCK)).isEqualTo(Step.AGAIN);
    assertThat(operation.completed(-Errno.EIO)).isEqualTo(Step.FAILED);
    assertFailed(Errno.EIO);
  }

  private void assertDone(long bytes) {
    assertThat(operation.failure()).isNull();
    assertThat(operation.bytes()).isEqualTo(bytes);
  }

  private void assertFailed(int errno) {
    NativeException failure = operation.failure();
    assertThat(failure).isNotNull();
    assertThat(failure.errno()).isEqualTo(errno);
    assertThat(failure).hasMessageContaining("file=test, offset=0");
    assertThat(operation.bytes()).isZero();
  }
}
