package io.ashlar.store.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.ashlar.store.BackPressureTimeoutException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class BufferPoolTest {
  private static final long KIB = 1024;

  @Test
  void shouldLendTheSmallestClassThatHoldsTheRequest() {
    try (BufferPool pool = new BufferPool(64L << 20, true)) {
      long[][] expected = {
        {0, 4},
        {1, 4},
        {4096, 4},
        {4097, 16},
        {16 * KIB, 16},
        {16 * KIB + 1, 64},
        {65 * KIB, 256},
        {257 * KIB, 512},
        {512 * KIB, 512},
        {513 * KIB, 1024},
        {1025 * KIB, 4096},
        {4096 * KIB, 4096}
      };
      for (long[] pair : expected) {
        PooledBuffer buffer = take(pool, pair[0]);
        assertThat(buffer.capacity()).isEqualTo(pair[1] * KIB);
        assertThat(buffer.segment().byteSize()).isEqualTo(pair[1] * KIB);
        buffer.release();
      }
      assertThat(pool.largestBytes()).isEqualTo(4096 * KIB);
      assertThatThrownBy(() -> pool.tryTake(4096 * KIB + 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> pool.tryTake(-1)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldLendBuffersThatAreNotTouchedYet() {
    try (BufferPool pool = new BufferPool(64L << 20, false)) {
      List<PooledBuffer> all = takeAll(pool);
      pool.touchRest();
      for (int i = 0; i < all.size(); i++) {
        all.get(i).segment().fill((byte) i);
      }
      for (int i = 0; i < all.size(); i++) {
        MemorySegment filled = all.get(i).segment();
        long end = filled.byteSize();
        assertThat(filled.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) i);
        assertThat(MemorySegment.mismatch(filled, 0, end - 1, filled, 1, end)).isEqualTo(-1);
        all.get(i).release();
      }
    }
  }

  @Test
  void shouldFillThePoolWithAlignedBuffersThatDoNotOverlap() {
    for (long bytes : new long[] {4L << 20, (5L << 20) + 123, 64L << 20, 100_000_000}) {
      try (BufferPool pool = new BufferPool(bytes, false)) {
        List<PooledBuffer> all = takeAll(pool);
        assertThat(pool.freeBytes()).isZero();
        assertThat(pool.totalBytes()).isBetween(bytes - 8192, bytes);
        assertThat(pool.region().byteSize()).isEqualTo(pool.totalBytes());
        all.sort(Comparator.comparingLong(buffer -> buffer.segment().address()));
        long at = pool.region().address();
        for (PooledBuffer buffer : all) {
          assertThat(buffer.segment().address()).isEqualTo(at);
          assertThat(at % Math.min(buffer.capacity(), 1 << 20)).isZero();
          at += buffer.capacity();
        }
        assertThat(at).isEqualTo(pool.region().address() + pool.totalBytes());
        all.forEach(PooledBuffer::release);
        assertThat(pool.freeBytes()).isEqualTo(pool.totalBytes());
      }
    }
    assertThatThrownBy(() -> new BufferPool((4L << 20) - 1, false))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldFallUpwardWhenAClassIsEmpty() {
    try (BufferPool pool = new BufferPool(4L << 20, true)) {
      long before = 0;
      for (PooledBuffer buffer : takeAll(pool)) {
        assertThat(buffer.capacity()).isGreaterThanOrEqualTo(before);
        before = buffer.capacity();
      }
      assertThat(pool.tryTake(1)).isNull();
    }
  }

  @Test
  void shouldSpareABufferOnlyWhileMoreThanHalfOfItsClassAreFree() {
    try (BufferPool pool = new BufferPool(4L << 20, true)) {
      assertThat(pool.tryTakeSpare(pool.largestBytes() + 1)).isNull();
      assertThat(pool.tryTakeSpare(pool.largestBytes())).isNull(); // it would be the only one
      List<PooledBuffer> spare = new ArrayList<>();
      for (PooledBuffer buffer = pool.tryTakeSpare(40_000);
          buffer != null;
          buffer = pool.tryTakeSpare(40_000)) {
        assertThat(buffer.capacity()).isEqualTo(64 * KIB);
        spare.add(buffer);
      }
      assertThat(spare).hasSize(6); // of twelve: three sixteenths of 4 MiB
      for (int i = 0; i < 6; i++) {
        PooledBuffer other = take(pool, 40_000);
        assertThat(other.capacity()).isEqualTo(64 * KIB);
        spare.add(other);
      }
      spare.forEach(PooledBuffer::release);
      assertThat(pool.freeBytes()).isEqualTo(pool.totalBytes());
    }
  }

  @Test
  void shouldRefuseASecondRelease() {
    try (BufferPool pool = new BufferPool(4L << 20, true)) {
      PooledBuffer buffer = take(pool, 1);
      buffer.release();
      assertThatThrownBy(buffer::release).isInstanceOf(IllegalStateException.class);
      assertThat(pool.freeBytes()).isEqualTo(pool.totalBytes());
    }
  }

  @Test
  void shouldFindAWriteAfterRelease() {
    try (BufferPool pool = new BufferPool(4L << 20, true)) {
      PooledBuffer buffer = take(pool, 1);
      buffer.segment().fill((byte) 7);
      buffer.release();
      assertThat(buffer.segment().get(ValueLayout.JAVA_BYTE, 100)).isEqualTo((byte) 0xDB);
      buffer.segment().set(ValueLayout.JAVA_BYTE, 4095, (byte) 1);
      assertThatThrownBy(() -> pool.tryTake(1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("offset=4088");
    }
  }

  @Test
  void shouldGiveUpAtTheDeadlineAndKeepAnInterrupt() {
    try (BufferPool pool = new BufferPool(4L << 20, true)) {
      List<PooledBuffer> all = takeAll(pool);
      Thread.currentThread().interrupt();
      long begun = System.nanoTime();
      assertThatThrownBy(() -> pool.take(1, begun + 50_000_000))
          .isInstanceOf(BackPressureTimeoutException.class);
      assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(50_000_000);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(pool.waiterCount()).isZero();
      all.forEach(PooledBuffer::release);
      pool.take(1, begun).release();
    }
  }

  @Test
  void shouldWakeAWaiterOfAnySizeThatFits() throws Exception {
    try (BufferPool pool = new BufferPool(4L << 20, true);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      List<PooledBuffer> all = takeAll(pool);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      Future<PooledBuffer> large = threads.submit(() -> pool.take(1 << 20, deadline));
      awaitWaiters(pool, 1);
      Future<PooledBuffer> small = threads.submit(() -> pool.take(1, deadline));
      awaitWaiters(pool, 2);
      all.removeFirst().release();
      assertThat(small.get().capacity()).isEqualTo(4 * KIB);
      assertThat(large.isDone()).isFalse();
      all.removeLast().release();
      assertThat(large.get().capacity()).isEqualTo(1024 * KIB);
    }
  }

  /** Many threads, few buffers: nothing is lent twice and no wake-up is lost. */
  @Test
  void shouldServeEveryWaiterUnderContention() throws Exception {
    long seed = Long.getLong("test.seed", System.nanoTime());
    System.out.println("pool contention: -Dtest.seed=" + seed);
    int threadCount = 24;
    int rounds = 2_500;
    try (BufferPool pool = new BufferPool(4L << 20, false);
        ExecutorService threads = Executors.newFixedThreadPool(threadCount)) {
      List<PooledBuffer> held = takeAll(pool);
      // Two buffers of 64 KiB, one of 256 KiB and the one of 1 MiB remain for all threads.
      releaseFirst(held, 64 * KIB);
      releaseFirst(held, 64 * KIB);
      releaseFirst(held, 256 * KIB);
      releaseFirst(held, 1024 * KIB);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
      List<Future<Long>> done = new ArrayList<>();
      for (int i = 0; i < threadCount; i++) {
        SplittableRandom random = new SplittableRandom(seed + i);
        long mark = i + 1L;
        done.add(threads.submit(() -> contend(pool, random, mark, rounds, deadline)));
      }
      long total = 0;
      for (Future<Long> future : done) {
        total += future.get();
      }
      System.out.printf("pool contention: %,d buffers lent to %d threads%n", total, threadCount);
      assertThat(total).isEqualTo((long) threadCount * rounds);
      held.forEach(PooledBuffer::release);
      assertThat(pool.freeBytes()).isEqualTo(pool.totalBytes());
      assertThat(pool.waiterCount()).isZero();
    }
  }

  @Test
  void shouldNotAllocateOnTakeAndRelease() {
    try (BufferPool pool = new BufferPool(4L << 20, false)) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 30; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10_000; i++) {
          take(pool, i).release();
        }
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      System.out.println("pool: bytes allocated by 10,000 takes and releases: " + least);
      assertThat(least).isZero();
    }
  }

  private static long contend(
      BufferPool pool, SplittableRandom random, long mark, int rounds, long deadlineNs) {
    long count = 0;
    for (int round = 0; round < rounds; round++) {
      long bytes =
          random.nextInt(4) == 0 ? 1 + random.nextLong(1 << 20) : 1 + random.nextInt(65536);
      PooledBuffer buffer;
      if (random.nextInt(4) == 0) {
        buffer = pool.tryTake(bytes);
        if (buffer == null) {
          buffer = pool.take(bytes, deadlineNs);
        }
      } else {
        buffer = pool.take(bytes, deadlineNs);
      }
      buffer.segment().set(ValueLayout.JAVA_LONG, 0, mark);
      if (random.nextInt(8) == 0) {
        LockSupport.parkNanos(1_000);
      }
      assertThat(buffer.segment().get(ValueLayout.JAVA_LONG, 0)).isEqualTo(mark);
      buffer.release();
      count++;
    }
    return count;
  }

  private static void releaseFirst(List<PooledBuffer> held, long capacity) {
    for (PooledBuffer buffer : held) {
      if (buffer.capacity() == capacity) {
        held.remove(buffer);
        buffer.release();
        return;
      }
    }
    throw new AssertionError("no such buffer: capacity=" + capacity);
  }

  private static PooledBuffer take(BufferPool pool, long bytes) {
    return Objects.requireNonNull(pool.tryTake(bytes));
  }

  private static List<PooledBuffer> takeAll(BufferPool pool) {
    List<PooledBuffer> all = new ArrayList<>();
    for (PooledBuffer buffer = pool.tryTake(1); buffer != null; buffer = pool.tryTake(1)) {
      all.add(buffer);
    }
    return all;
  }

  private static void awaitWaiters(BufferPool pool, int count) {
    while (pool.waiterCount() < count) {
      Thread.onSpinWait();
    }
  }
}
