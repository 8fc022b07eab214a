package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreConfig.Engine;
import io.ashlar.store.StoreException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a listener throws is logged and dropped: nobody else is harmed, nothing hangs (G10). */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ThrowingListenerTest {

  private static final int EPOCHS = 8;
  private static final MemorySegment VALUE = Arena.ofAuto().allocate(5000).fill((byte) 5);

  @TempDir Path folder;

  static Stream<Arguments> throwables() {
    return Stream.of(Engine.values())
        .flatMap(engine ->
            Stream.of(
                    new IllegalArgumentException("planted"),
                    new IOException("planted, and checked"),
                    new AssertionError("planted"),
                    new StackOverflowError("planted"))
                .map(throwable -> Arguments.of(engine, throwable)));
  }

  /** Throws anything, as other languages of the JVM can. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> void sneak(Throwable throwable) throws T {
    throw (T) throwable;
  }

  /** Counts what it is told, and throws. */
  private record Throwing(Throwable throwable, CountDownLatch told)
      implements AckListener, ReadListener {

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      end();
    }

    @Override
    public void onFailed(StoreException failure) {
      end();
    }

    @Override
    public void onRead(BlobId id, long length) {
      end();
    }

    @Override
    public void onFailed(BlobId id, RuntimeException failure) {
      end();
    }

    private void end() {
      told.countDown();
      ThrowingListenerTest.<RuntimeException>sneak(throwable);
    }
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void shouldGoOn(Engine engine, Throwable throwable) throws InterruptedException {
    StoreConfig config =
        StoreConfig.DEFAULTS
            .withPoolBytes(4 << 20)
            .withInitialFileBytes(1 << 20)
            .withEngine(engine);
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
      Throwing commits = new Throwing(throwable, new CountDownLatch(EPOCHS));
      for (int i = 0; i < EPOCHS; i++) {
        try (Epoch epoch = store.beginEpoch()) {
          epoch.put(new BlobId(0, i), VALUE);
          epoch.commit(commits);
        }
      }
      commits.told.await();
      Throwing gets = new Throwing(throwable, new CountDownLatch(EPOCHS + 1));
      for (int i = 0; i <= EPOCHS; i++) { // the last one is not there
        store.getAsync(new BlobId(0, i), Arena.ofAuto().allocate(5000), gets);
      }
      gets.told.await();
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(new BlobId(1, 0), VALUE);
        assertThat(epoch.commitAsync().join().epoch()).isEqualTo(EPOCHS + 1);
      }
      MemorySegment target = Arena.ofAuto().allocate(5000);
      assertThat(store.getAsync(new BlobId(0, 0), target).join()).isEqualTo(5000);
      assertThat(target.mismatch(VALUE)).isEqualTo(-1);
      assertThat(store.stats().failed()).isFalse();
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }
}
