package io.ashlar.store.local;

import static io.ashlar.store.local.HandleLife.CONFIG;
import static io.ashlar.store.local.HandleLife.DEAF;
import static io.ashlar.store.local.HandleLife.LONG;
import static io.ashlar.store.local.HandleLife.LONG_ID;
import static io.ashlar.store.local.HandleLife.SHORT;
import static io.ashlar.store.local.HandleLife.id;
import static io.ashlar.store.local.HandleLife.lease;
import static io.ashlar.store.local.HandleLife.put;
import static io.ashlar.store.local.HandleLife.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.uring.NativeMemory;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A handle that is used after its end, or by another thread than its own, is caught with checks,
 * whatever its memory holds by then. Without them the memory of a closed store is safe all the
 * same.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HandleChecksTest {

  @TempDir Path folder;

  /** Where a lease comes from. */
  enum Source {
    POOL,
    CACHE,
    LONG,
    SNAPSHOT,
    READ_ONLY
  }

  private LocalBlobStore open(boolean checks, boolean traces, StoreConfig config) {
    return HandleLife.open(folder, checks, traces, config);
  }

  private LocalBlobStore openWithChecks() {
    return open(true, false, CONFIG);
  }

  /** Runs something on another thread; returns what it threw. */
  private static @Nullable Throwable thrownOn(Thread.Builder builder, ThrowingCallable work)
      throws InterruptedException {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread thread =
        builder.start(() -> {
          try {
            work.call();
          } catch (Throwable e) {
            thrown.set(e);
          }
        });
    thread.join();
    return thrown.get();
  }

  private static void onBoth(ThrowingCallable work) throws InterruptedException {
    assertThat(thrownOn(Thread.ofPlatform(), work)).isInstanceOf(WrongThreadException.class);
    assertThat(thrownOn(Thread.ofVirtual(), work)).isInstanceOf(WrongThreadException.class);
  }

  // ---- leases with checks

  @ParameterizedTest
  @EnumSource
  void shouldCatchALeaseThatIsUsedAfterItsEnd(Source source) throws InterruptedException {
    try (Lent lent = lend(source)) {
      MemorySegment kept = lent.lease.value();
      MemorySegment slice = kept.asSlice(10, 20);
      ByteBuffer buffer = slice.asByteBuffer();
      assertThat(slice.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
      onBoth(lent.lease::value);
      onBoth(() -> kept.get(ValueLayout.JAVA_BYTE, 0));
      onBoth(() -> slice.get(ValueLayout.JAVA_BYTE, 0));
      onBoth(lent.lease::close);
      assertThat(slice.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1); // still open

      lent.lease.close();
      lent.lease.close();
      for (int i = 0; i < 3; i++) { // before the memory is used again, and once it is
        assertThatThrownBy(lent.lease::value).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> kept.get(ValueLayout.JAVA_BYTE, 0))
            .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> slice.get(ValueLayout.JAVA_BYTE, 0))
            .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> buffer.get(0)).isInstanceOf(IllegalStateException.class);
        lent.useMemoryAgain.run();
      }
    }
  }

  /** A lease and what uses its memory again once it is closed. */
  private record Lent(BlobLease lease, Runnable useMemoryAgain, AutoCloseable store)
      implements AutoCloseable {
    @Override
    public void close() {
      try {
        store.close();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }

  private Lent lend(Source source) {
    boolean cached = source == Source.CACHE;
    LocalBlobStore store = open(true, false, cached ? CONFIG.withCacheBytes(1 << 20) : CONFIG);
    put(store, id(1), value(1, SHORT));
    put(store, LONG_ID, value(1, LONG));
    if (source == Source.READ_ONLY) {
      store.close();
      ReadOnlyStore readOnly =
          HandleLife.with(
              Map.of("ashlar.checks", "true"), () -> ReadOnlyStore.open(folder, CONFIG));
      BlobLease lease = readOnly.get(id(1));
      assertThat(lease).isNotNull();
      return new Lent(lease, () -> closeAfter(readOnly.get(id(1))), readOnly);
    }
    if (source == Source.SNAPSHOT) {
      Snapshot snapshot = store.snapshot();
      BlobLease lease = snapshot.get(id(1));
      assertThat(lease).isNotNull();
      snapshot.close(); // which leaves the lease
      return new Lent(lease, () -> closeAfter(store.get(id(1))), store);
    }
    BlobLease lease = lease(store, source == Source.LONG ? LONG_ID : id(1));
    Runnable useMemoryAgain =
        () -> {
          put(store, id(1), value(2, SHORT));
          closeAfter(store.get(id(1)));
          closeAfter(store.get(LONG_ID));
        };
    return new Lent(lease, useMemoryAgain, store);
  }

  private static void closeAfter(@Nullable BlobLease lease) {
    assertThat(lease).isNotNull();
    lease.close();
  }

  @Test
  void shouldCatchALeaseOfAVirtualThread() throws InterruptedException {
    try (LocalBlobStore store = openWithChecks()) {
      put(store, id(1), value(1, SHORT));
      AtomicReference<BlobLease> taken = new AtomicReference<>();
      AtomicReference<MemorySegment> kept = new AtomicReference<>();
      assertThat(
              thrownOn(
                  Thread.ofVirtual(),
                  () -> {
                    BlobLease lease = lease(store, id(1));
                    MemorySegment value = lease.value();
                    taken.set(lease);
                    kept.set(value);
                    assertThat(thrownOn(Thread.ofVirtual(), lease::close))
                        .isInstanceOf(WrongThreadException.class);
                    assertThat(value.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
                  }))
          .isNull();
      BlobLease lease = Objects.requireNonNull(taken.get());
      MemorySegment value = Objects.requireNonNull(kept.get());
      assertThatThrownBy(lease::value).isInstanceOf(WrongThreadException.class);
      assertThatThrownBy(() -> value.get(ValueLayout.JAVA_BYTE, 0))
          .isInstanceOf(WrongThreadException.class);
      lease.close(); // its thread has ended and cannot
      assertThat(store.stats().openLeases()).isZero();
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1 << 20})
  void shouldCatchWhatABatchsVisitorKeeps(int cacheBytes) {
    try (LocalBlobStore store = open(true, false, CONFIG.withCacheBytes(cacheBytes))) {
      put(store, id(1), value(1, SHORT));
      put(store, LONG_ID, value(1, LONG));
      List<MemorySegment> kept = new ArrayList<>();
      for (int i = 0; i < 2; i++) { // from the file, and from the cache if there is one
        store.getAll(
            List.of(id(1), LONG_ID),
            new BatchVisitor() {
              @Override
              public void onBlob(int index, BlobId id, MemorySegment value) {
                assertThat(value.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
                kept.forEach(HandleChecksTest::assertDead);
                kept.add(value);
              }

              @Override
              public void onFailed(int index, BlobId id, StoreException failure) {
                throw failure;
              }
            });
        closeAfter(store.get(id(1)));
      }
      assertThat(kept).hasSize(4).allSatisfy(HandleChecksTest::assertDead);
    }
  }

  private static void assertDead(MemorySegment value) {
    assertThatThrownBy(() -> value.get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  // ---- leases and the end of their store

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "READ_ONLY")
  void shouldCatchALeaseThatOutlivesItsStore(Source source) {
    long before = NativeMemory.mappedBytes();
    Lent lent = lend(source);
    MemorySegment kept = lent.lease.value();
    lent.close();
    assertThatThrownBy(lent.lease::value).isInstanceOf(StoreClosedException.class);
    if (source != Source.LONG) { // which is its own
      assertThat(kept.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0xDB); // nonsense, no fault
    }
    assertThat(NativeMemory.mappedBytes()).isGreaterThan(before);
    lent.lease.close();
    assertDead(kept);
    assertThat(NativeMemory.mappedBytes()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldUnmapAtCloseWhatLeasesShow(boolean cached) {
    long before = NativeMemory.mappedBytes();
    LocalBlobStore store = open(false, false, CONFIG.withCacheBytes(cached ? 1 << 20 : 0));
    put(store, id(1), value(1, SHORT));
    put(store, LONG_ID, value(1, LONG));
    MemorySegment shortValue = lease(store, id(1)).value();
    BlobLease longLease = lease(store, LONG_ID);
    MemorySegment longValue = longLease.value();
    store.close();
    assertDead(shortValue);
    assertDead(longValue);
    assertThat(NativeMemory.mappedBytes()).isEqualTo(before);
    longLease.close(); // has no effect
    assertThat(NativeMemory.mappedBytes()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(ints = {1 << 20, LONG})
  void shouldKeepWhatASystemCallReadsFromUntilTheLeaseEnds(int length) throws Exception {
    long before = NativeMemory.mappedBytes();
    LocalBlobStore store = open(false, false, CONFIG);
    put(store, id(1), value(1, length));
    Pipe pipe = Pipe.open();
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              try (BlobLease lease = lease(store, id(1));
                  var sink = pipe.sink()) {
                ByteBuffer bytes = lease.value().asByteBuffer();
                while (bytes.hasRemaining()) { // blocks: nobody reads from the pipe yet
                  sink.write(bytes);
                }
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    ByteBuffer first = ByteBuffer.allocate(1);
    assertThat(pipe.source().read(first)).isEqualTo(1);
    store.close(); // neither hangs nor throws
    assertThat(writer.isAlive()).isTrue();
    assertThat(NativeMemory.mappedBytes()).isGreaterThan(before);
    ByteBuffer rest = ByteBuffer.allocate(length);
    while (pipe.source().read(rest) > 0) {
      assertThat(rest.position()).isPositive();
    }
    writer.join();
    assertThat(rest.flip().limit()).isPositive();
    assertThat(rest.get(rest.limit() - 1)).isEqualTo((byte) 1); // what was there, to the end
    assertThat(NativeMemory.mappedBytes()).isEqualTo(before);
  }

  // ---- epochs with checks

  @Test
  void shouldCatchAnEpochOfAnotherThread() throws InterruptedException {
    try (LocalBlobStore store = openWithChecks();
        Epoch epoch = store.beginEpoch()) {
      epoch.put(id(1), value(1, 10));
      onBoth(() -> epoch.put(id(2), value(2, 10)));
      onBoth(() -> epoch.put(id(2), Channels.newChannel(InputStream.nullInputStream()), 0));
      onBoth(() -> epoch.claim(id(2), 10));
      onBoth(() -> epoch.finish(value(2, 10)));
      onBoth(() -> epoch.tryPut(id(2), value(2, 10)));
      onBoth(() -> epoch.tryClaim(id(2), 10));
      onBoth(() -> epoch.delete(id(1)));
      onBoth(epoch::operationCount);
      onBoth(epoch::valueBytes);
      onBoth(epoch::commit);
      onBoth(() -> epoch.commit(DEAF));
      onBoth(() -> epoch.tryCommit(DEAF));
      onBoth(epoch::commitAsync);
      assertThat(epoch.operationCount()).isEqualTo(1); // as it was
      assertThat(epoch.commit()).isPositive();
      assertThat(store.contains(id(1))).isTrue();
      assertThat(store.contains(id(2))).isFalse();
      assertThat(thrownOn(Thread.ofPlatform(), epoch::begin)).isNull(); // ended: anybody's
      assertThatThrownBy(() -> epoch.delete(id(1))).isInstanceOf(WrongThreadException.class);
    } // which closes it: its own thread has ended
  }

  @Test
  void shouldCatchAnEpochThatIsUsedAfterItsEnd() {
    try (LocalBlobStore store = openWithChecks()) {
      Epoch epoch = store.beginEpoch();
      epoch.put(id(1), value(1, 10));
      assertThat(epoch.commit()).isPositive();
      try (Epoch next = store.beginEpoch()) { // most likely with the same buffer
        assertThatThrownBy(() -> epoch.put(id(2), value(2, 10)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("has ended");
        assertThatThrownBy(epoch::commit).isInstanceOf(IllegalStateException.class);
        epoch.close(); // touches nothing
        next.put(id(3), value(3, 10));
        assertThat(next.commit()).isPositive();
      }
      assertThat(store.contains(id(2))).isFalse();
      assertThat(store.contains(id(3))).isTrue();
    }
  }
}
