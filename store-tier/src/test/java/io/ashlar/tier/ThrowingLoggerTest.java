package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A logger that throws breaks no pass, no collection, no read and no close. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ThrowingLoggerTest {
  /** Held here: the logging system keeps only weak references to loggers. */
  private static final Logger LOGGER = Logger.getLogger("io.ashlar.tier");

  @TempDir Path folder;

  private final CalledObjects objects = new CalledObjects();
  private final AtomicInteger thrown = new AtomicInteger();

  private final Handler throwing =
      new Handler() {
        @Override
        public void publish(LogRecord message) {
          thrown.incrementAndGet();
          throw new AssertionError("planted, in a logger");
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  /** The loggers below it that another test of this JVM has cut off. */
  private final List<Logger> cutOff =
      Collections.list(LogManager.getLogManager().getLoggerNames()).stream()
          .filter(name -> name.startsWith(LOGGER.getName() + "."))
          .map(Logger::getLogger)
          .filter(logger -> !logger.getUseParentHandlers())
          .toList();

  @BeforeEach
  void throwInTheLogger() {
    cutOff.forEach(logger -> logger.setUseParentHandlers(true));
    LOGGER.setUseParentHandlers(false);
    LOGGER.setLevel(Level.ALL);
    throwing.setLevel(Level.ALL);
    LOGGER.addHandler(throwing);
  }

  @AfterEach
  void throwNoMore() {
    LOGGER.removeHandler(throwing);
    LOGGER.setLevel(null);
    LOGGER.setUseParentHandlers(true);
    cutOff.forEach(logger -> logger.setUseParentHandlers(false));
  }

  private LocalBlobStore store() {
    return LocalBlobStore.builder(folder)
        .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20).withInitialFileBytes(4 << 20))
        .open();
  }

  private Tier tier(LocalBlobStore store, long intervalMs, boolean checkpointOnClose) {
    return Tier.builder(store, objects)
        .config(
            TierConfig.DEFAULTS
                .withIntervalMs(intervalMs)
                .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0))
                .withCheckpointOnClose(checkpointOnClose))
        .open();
  }

  private static long put(LocalBlobStore store) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(BlobModel.id(1), MemorySegment.ofArray(new byte[5_000]));
      return epoch.commit();
    }
  }

  private void failOnce(String request, Outcome outcome) {
    AtomicBoolean failed = new AtomicBoolean();
    objects.fault((asked, key) ->
        asked.equals(request) && !failed.getAndSet(true) ? outcome : Outcome.ANSWERED);
  }

  @Test
  void shouldMakeFurtherPassesAfterOneThatFailed() {
    try (LocalBlobStore store = store();
        Tier tier = tier(store, 5, false)) {
      failOnce("put", Outcome.NOT_APPLIED);
      tier.awaitTiered(put(store));
      assertThat(thrown).hasPositiveValue();
    }
  }

  @Test
  void shouldCollect() {
    try (LocalBlobStore store = store();
        Tier tier = tier(store, 0, false)) {
      put(store);
      var _ = tier.checkpoint(TierProgress.NONE);
      assertThat(tier.collect(false)).isNotNull(); // logs that stale uploads are not aborted
      assertThat(thrown).hasPositiveValue();
    }
  }

  @Test
  void shouldReadBackAfterABadAnswer() {
    try (LocalBlobStore store = store();
        Tier tier = tier(store, 0, false)) {
      put(store);
      var _ = tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isEqualTo(1);
      failOnce("get", Outcome.ABSENT);
      assertThat(store.get(BlobModel.id(1), MemorySegment.ofArray(new byte[5_000])))
          .isEqualTo(5_000);
      assertThat(thrown).hasPositiveValue();
    }
  }

  @Test
  void shouldCloseAfterALastPassThatFailed() {
    try (LocalBlobStore store = store()) {
      Tier tier = tier(store, 0, true);
      put(store);
      failOnce("put", Outcome.NOT_APPLIED);
      tier.close();
      assertThat(thrown).hasPositiveValue();
      try (Tier again = tier(store, 0, false)) {
        assertThat(again.checkpoint(TierProgress.NONE).blobs()).isEqualTo(1);
      }
    }
  }

  @Test
  void shouldCloseAFollowerWithALeaseOpen() {
    try (LocalBlobStore store = store();
        Tier tier = tier(store, 0, false)) {
      put(store);
      var _ = tier.checkpoint(TierProgress.NONE);
    }
    AtomicBoolean closed = new AtomicBoolean();
    FollowerStore follower = FollowerStore.open(objects, FollowerConfig.DEFAULTS);
    try (BlobLease lease = follower.get(BlobModel.id(1))) {
      assertThat(lease).isNotNull();
      objects.callIn("close", () -> closed.set(true));
      follower.close();
    }
    assertThat(thrown).hasPositiveValue();
    assertThat(closed).isTrue();
  }
}
