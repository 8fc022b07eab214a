package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.StoreLockedException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An open right after a close has returned never waits for the lock (L23). */
@Timeout(60)
class LockAfterCloseTest {

  private static final int ROUNDS = 5;

  @TempDir Path folder;

  private StoreConfig config(StoreConfig.Engine engine) {
    return StoreConfig.DEFAULTS
        .withPoolBytes(4 << 20)
        .withInitialFileBytes(1 << 20)
        .withEngine(engine)
        .withLockTimeoutMs(0);
  }

  @ParameterizedTest
  @EnumSource
  void shouldBeFreeWhenCloseReturns(StoreConfig.Engine engine) {
    StoreConfig config = config(engine);
    for (int round = 0; round < ROUNDS; round++) {
      try (LocalBlobStore store = LocalBlobStore.builder(folder).config(config).open()) {
        BlobId id = new BlobId(0, round);
        try (Epoch epoch = store.beginEpoch()) {
          epoch.put(id, MemorySegment.ofArray(new byte[9000]));
          epoch.commitAsync().join(); // through the ring of the I/O thread
        }
        store.getAll(List.of(id), new Read()); // and through that of the reads
        assertThatThrownBy(() -> ReadOnlyStore.open(folder, config))
            .isInstanceOf(StoreLockedException.class);
      }
      ReadOnlyStore.open(folder, config).close();
    }
  }

  /** Takes whatever comes. */
  private static final class Read implements BatchVisitor {
    @Override
    public void onBlob(int index, BlobId id, MemorySegment value) {
      assertThat(value.byteSize()).isEqualTo(9000);
    }

    @Override
    public void onFailed(int index, BlobId id, StoreException failure) {
      throw failure;
    }
  }
}
