package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.spi.HandleTraces;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** What tests of handles do with a small store. */
final class HandleLife {

  static final int SHORT = 5000;
  static final int LONG = 3 << 20; // longer than any buffer of the pool
  static final BlobId LONG_ID = new BlobId(9, 9);
  static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20)
          .withBackPressureTimeoutMs(50);

  /** Hears nothing. */
  static final AckListener DEAF =
      new AckListener() {
        @Override
        public void onDurable(long epoch, int puts, int flushed, int deletes, int applied) {}

        @Override
        public void onFailed(StoreException failure) {}
      };

  private HandleLife() {}

  static LocalBlobStore open(Path folder, boolean checks, boolean traces, StoreConfig config) {
    return with(
        Map.of("ashlar.checks", "" + checks, HandleTraces.PROPERTY, "" + traces),
        () -> LocalBlobStore.builder(folder).config(config).open());
  }

  /** Runs something with system properties, which a store looks at when it is opened. */
  static <T> T with(Map<String, String> properties, Supplier<T> work) {
    Map<String, String> before = new HashMap<>();
    properties.forEach((key, value) -> before.put(key, System.setProperty(key, value)));
    try {
      return work.get();
    } finally {
      before.forEach((key, value) -> {
        if (value == null) {
          System.clearProperty(key);
        } else {
          System.setProperty(key, value);
        }
      });
    }
  }

  static BlobId id(int number) {
    return new BlobId(7, number);
  }

  static MemorySegment value(int number, int length) {
    return MemorySegment.ofArray(new byte[length]).fill((byte) number);
  }

  static void put(LocalBlobStore store, BlobId id, MemorySegment value) {
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id, value);
      long _ = epoch.commit();
    }
  }

  static BlobLease lease(LocalBlobStore store, BlobId id) {
    BlobLease lease = store.get(id);
    assertThat(lease).isNotNull();
    return lease;
  }
}
