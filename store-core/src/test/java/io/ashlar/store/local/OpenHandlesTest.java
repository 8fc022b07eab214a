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

import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreStats;
import io.ashlar.store.disk.OpenHandles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What callers take and forget is counted, named where the pool runs dry, and reported at close.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OpenHandlesTest {

  @TempDir Path folder;

  private LocalBlobStore open(boolean checks, boolean traces, StoreConfig config) {
    return HandleLife.open(folder, checks, traces, config);
  }

  /** What a store logs of handles at its close. */
  private static List<LogRecord> reports(Runnable work) {
    List<LogRecord> records = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            records.add(record);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(OpenHandles.class.getName());
    logger.addHandler(handler);
    try {
      work.run();
    } finally {
      logger.removeHandler(handler);
    }
    return records;
  }

  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true"})
  void shouldCountWhatIsOpen(boolean checks, boolean traces) throws InterruptedException {
    try (LocalBlobStore store = open(checks, traces, CONFIG.withCacheBytes(1 << 20))) {
      put(store, id(1), value(1, SHORT));
      put(store, id(2), value(2, 200 << 10)); // too long for the cache
      put(store, LONG_ID, value(3, LONG));
      assertThat(store.stats().openLeases()).isZero();
      assertThat(store.stats().openEpochs()).isZero();

      BlobLease cached = lease(store, id(1));
      BlobLease pooled = lease(store, id(2));
      assertThat(store.stats().openLeases()).isEqualTo(2);
      assertThat(store.stats().leasedBytes()).isEqualTo(256 << 10);
      BlobLease own = lease(store, LONG_ID);
      assertThat(store.stats().leasedBytes()).isEqualTo((256 << 10) + LONG);
      Thread.ofVirtual()
          .start(() -> {
            try (BlobLease ofVirtual = lease(store, id(2))) {
              assertThat(store.stats().openLeases()).isEqualTo(4);
              assertThat(ofVirtual.value().byteSize()).isEqualTo(200 << 10);
            }
          })
          .join();
      assertThat(store.stats().openLeases()).isEqualTo(3);

      Epoch small = store.beginEpoch();
      small.put(id(3), value(3, SHORT));
      Epoch streamed = store.beginEpoch();
      streamed.put(id(4), value(4, LONG));
      StoreStats stats = store.stats();
      assertThat(stats.openEpochs()).isEqualTo(2);
      assertThat(stats.epochPoolBytes()).isEqualTo(16 << 10);
      assertThat(stats.epochFileBytes()).isGreaterThanOrEqualTo(LONG);
      small.close();
      assertThat(streamed.commit()).isPositive();
      Snapshot snapshot = store.snapshot();
      BlobLease ofSnapshot = snapshot.get(id(2));
      assertThat(ofSnapshot).isNotNull();
      assertThat(store.stats().openLeases()).isEqualTo(4);
      ofSnapshot.close();
      snapshot.close();

      cached.close();
      pooled.close();
      pooled.close(); // once more has no effect
      own.close();
      // What the store leases for itself counts no longer than the call.
      assertThat(store.get(id(2), 0, 10, MemorySegment.ofArray(new byte[10]))).isEqualTo(10);
      try {
        store.get(id(2), Channels.newChannel(new ByteArrayOutputStream()));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      stats = store.stats();
      assertThat(stats.openLeases()).isZero();
      assertThat(stats.leasedBytes()).isZero();
      assertThat(stats.openEpochs()).isZero();
      assertThat(stats.epochPoolBytes()).isZero();
      assertThat(stats.epochFileBytes()).isZero();
      assertThat(stats.poolFreeBytes()).isEqualTo(stats.poolBytes());
      assertThat(reports(store::close)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldNameWhatHoldsAPoolThatRanDry(boolean traces) {
    try (LocalBlobStore store = open(false, traces, CONFIG)) {
      put(store, id(1), value(1, 1 << 20));
      List<BlobLease> forgotten = new ArrayList<>();
      Snapshot snapshot = store.snapshot();
      Epoch epoch = store.beginEpoch();
      epoch.put(id(2), value(2, SHORT));
      assertThatThrownBy(() -> takeAll(store, forgotten))
          .isInstanceOf(BackPressureTimeoutException.class)
          .hasMessageContaining("close leases and epochs sooner, or raise poolBytes")
          .hasMessageContaining("openLeases=" + forgotten.size())
          .hasMessageContaining("leasedBytes=" + store.stats().leasedBytes())
          .hasMessageContaining("openEpochs=1, epochPoolBytes=16384")
          .hasMessageContaining("snapshots=1")
          .satisfies(e -> {
            if (!traces) {
              assertThat(e).hasMessageContaining("-Dashlar.handles.trace=true").hasNoCause();
              return;
            }
            Throwable oldest = Objects.requireNonNull(e.getCause());
            assertThat(oldest)
                .hasMessageContaining("the oldest open snapshot was taken here: thread=");
            assertThat(oldest.getStackTrace())
                .anyMatch(frame -> frame.getMethodName().startsWith("shouldNameWhatHolds"));
            assertThat(oldest.getSuppressed())
                .anySatisfy(lease ->
                    assertThat(lease.getStackTrace())
                        .anyMatch(frame -> frame.getMethodName().equals("takeAll")));
          });
      assertThat(forgotten).isNotEmpty();
      forgotten.forEach(BlobLease::close);
      epoch.close();
      snapshot.close();
      lease(store, id(1)).close();
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
    }
  }

  private static void takeAll(LocalBlobStore store, List<BlobLease> into) {
    while (true) {
      into.add(lease(store, id(1)));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldReportWhatIsOpenAtClose(boolean traces) {
    LocalBlobStore store = open(false, traces, CONFIG);
    put(store, id(1), value(1, SHORT));
    BlobLease lease = lease(store, id(1));
    Snapshot snapshot = store.snapshot();
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id(2), value(2, SHORT));
      List<LogRecord> reports = reports(store::close);
      assertThat(reports).hasSize(1);
      LogRecord report = reports.getFirst();
      assertThat(report.getLevel()).isEqualTo(Level.WARNING);
      assertThat(report.getMessage())
          .contains("store=" + folder)
          .contains("openLeases=1, leasedBytes=16384, openEpochs=1, epochPoolBytes=16384")
          .contains("snapshots=1");
      assertThat(report.getThrown() != null).isEqualTo(traces);
    }
    lease.close();
    snapshot.close();
  }

  @Test
  void shouldReportLeasesOfAReadOnlyStore() {
    try (LocalBlobStore store = open(false, false, CONFIG)) {
      put(store, id(1), value(1, SHORT));
    }
    ReadOnlyStore store = ReadOnlyStore.open(folder, CONFIG);
    BlobLease lease = store.get(id(1));
    assertThat(lease).isNotNull();
    assertThat(store.stats().openLeases()).isEqualTo(1);
    assertThat(store.stats().leasedBytes()).isEqualTo(16 << 10);
    assertThat(reports(store::close))
        .singleElement()
        .satisfies(report -> assertThat(report.getMessage()).contains("openLeases=1"));
    lease.close();
  }

  @Test
  void shouldNotReportWhatIsCommittedAtClose() {
    LocalBlobStore store = open(false, false, CONFIG);
    for (int i = 0; i < 100; i++) {
      Epoch epoch = store.beginEpoch();
      epoch.put(id(i), value(i, 100));
      epoch.commit(DEAF);
    }
    assertThat(reports(store::close)).isEmpty();
  }
}
