package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.AckListener;
import io.ashlar.store.BlobId;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** A small store whose I/O thread a test drives, and what is true of it at the end of each test. */
abstract class ClaimFixture {

  static final StoreConfig SMALL =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20) // one buffer of 1 MiB, two of 512 KiB
          .withInitialFileBytes(8 << 20)
          .withBackPressureTimeoutMs(20);

  static final int MIB = 1 << 20;

  @Nullable DataFileStore opened;

  /** Says how a commit ended. */
  static final class Ended implements AckListener {
    final CompletableFuture<Long> epoch = new CompletableFuture<>();

    @Override
    public void onDurable(
        long durable, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      epoch.complete(durable);
    }

    @Override
    public void onFailed(StoreException reason) {
      epoch.completeExceptionally(reason);
    }
  }

  DataFileStore open(StoreConfig config, boolean ownThread) {
    DataFileStore store =
        StoreOpening.open("test", new SimulatedDisk(), config, HostileFiles.environment(ownThread));
    opened = store;
    return store;
  }

  DataFileStore open(StoreConfig config) {
    return open(config, false);
  }

  DataFileStore open() {
    return open(SMALL);
  }

  /** G13: whatever was claimed, the pool and the file are whole again. */
  @AfterEach
  void expectNothingLeft() {
    DataFileStore store = opened;
    if (store != null) {
      assertThat(store.stats().poolFreeBytes()).isEqualTo(store.stats().poolBytes());
      assertThat(store.verify(VerifyListener.NONE).clean()).isTrue();
      store.close();
    }
  }

  static BlobId id(int number) {
    return new BlobId(0, number);
  }

  static MemorySegment value(int fill, long bytes) {
    return Arena.ofAuto().allocate(bytes).fill((byte) fill);
  }

  static void assertHolds(DataFileStore store, int number, int fill, long bytes) {
    MemorySegment target = value(~fill, bytes);
    assertThat(store.get(id(number), target)).as("length of %d", number).isEqualTo(bytes);
    assertThat(target.mismatch(value(fill, bytes))).as("bytes of %d", number).isEqualTo(-1);
  }
}
