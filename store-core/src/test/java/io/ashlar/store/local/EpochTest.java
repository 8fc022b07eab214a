package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.AckListener;
import io.ashlar.store.Admission;
import io.ashlar.store.BlobId;
import io.ashlar.store.CommitReport;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.SimulatedDisk;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The forms of filling and committing an epoch, and what they cost. */
@Timeout(300)
class EpochTest {

  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);
  private static final MemorySegment VALUE = MemorySegment.ofArray(new byte[5000]);

  @TempDir Path folder;

  /** Counts what it is told. */
  private static final class Counting implements AckListener {
    private final AtomicInteger durable = new AtomicInteger();

    @Override
    public void onDurable(
        long epoch, int putsTotal, int putsFlushed, int deletesTotal, int deletesApplied) {
      durable.incrementAndGet();
    }

    @Override
    public void onFailed(StoreException reason) {
      throw new AssertionError(reason);
    }
  }

  private DataFileStore open() {
    return (DataFileStore) LocalBlobStore.builder(folder).config(SMALL).open();
  }

  private static DataFileStore openWithoutThread(StoreConfig config) {
    return StoreOpening.open("test", new SimulatedDisk(), config, HostileFiles.environment(false));
  }

  @Test
  @SuppressWarnings("try") // closes in the middle on purpose
  void shouldBeginAgainWithTheSameObject() {
    try (DataFileStore store = open();
        Epoch epoch = store.beginEpoch()) {
      assertThatThrownBy(epoch::begin).isInstanceOf(IllegalStateException.class);
      epoch.put(new BlobId(0, 1), VALUE);
      assertThat(epoch.commit()).isEqualTo(1);
      epoch.begin();
      assertThat(epoch.operationCount()).isZero();
      epoch.put(new BlobId(0, 2), VALUE);
      assertThat(epoch.commit()).isEqualTo(2);
      epoch.begin();
      epoch.put(new BlobId(0, 3), VALUE);
      epoch.close();
      assertThat(store.contains(new BlobId(0, 1))).isTrue();
      assertThat(store.contains(new BlobId(0, 2))).isTrue();
      assertThat(store.contains(new BlobId(0, 3))).isFalse();
    }
  }

  @Test
  void shouldNotLetAnEndedEpochTouchTheNextOne() {
    try (DataFileStore store = open()) {
      Epoch first = store.beginEpoch();
      first.put(new BlobId(0, 1), VALUE);
      first.commit();
      try (Epoch second = store.beginEpoch()) { // in the same recycled buffer
        second.put(new BlobId(0, 2), VALUE);
        first.close();
        assertThatThrownBy(() -> first.put(new BlobId(0, 3), VALUE))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("ended");
        assertThatThrownBy(first::commit).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(first::operationCount).isInstanceOf(IllegalStateException.class);
        assertThat(second.commit()).isEqualTo(2);
      }
      assertThat(store.contains(new BlobId(0, 2))).isTrue();
      assertThat(store.contains(new BlobId(0, 3))).isFalse();
    }
  }

  @Test
  void shouldAnswerBackPressuredWhenNoBufferIsFree() {
    try (DataFileStore store = open();
        Epoch epoch = store.beginEpoch()) {
      int puts = 0;
      while (epoch.tryPut(new BlobId(0, puts), VALUE) == Admission.ACCEPTED) {
        puts++;
        assertThat(puts).as("4 MiB of buffers").isLessThan(1000);
      }
      assertThat(epoch.tryClaim(new BlobId(0, 1000), 5000)).isNull();
      assertThat(epoch.operationCount()).isEqualTo(puts).isGreaterThan(100);
      epoch.commit();
      epoch.begin();
      assertThat(epoch.tryPut(new BlobId(0, 1000), VALUE)).isEqualTo(Admission.ACCEPTED);
      MemorySegment claimed = epoch.tryClaim(new BlobId(0, 1001), 3);
      assertThat(claimed).isNotNull();
      claimed.copyFrom(MemorySegment.ofArray(new byte[] {1, 2, 3}));
      assertThat(epoch.tryPut(new BlobId(0, 1002), MemorySegment.ofArray(new byte[0])))
          .isEqualTo(Admission.ACCEPTED);
      epoch.commit();
      for (int i = 0; i < puts; i++) {
        assertThat(store.length(new BlobId(0, i))).isEqualTo(5000);
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment target = arena.allocate(3);
        assertThat(store.get(new BlobId(0, 1001), target)).isEqualTo(3);
        assertThat(target.toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 2, 3);
      }
      assertThat(store.length(new BlobId(0, 1002))).isZero();
      assertThatThrownBy(() ->
              store.beginEpoch().tryPut(new BlobId(0, 1), MemorySegment.ofArray(new byte[2 << 20])))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("length=2097152");
    }
  }

  @Test
  void shouldAnswerBackPressuredWhenTheQueueIsFull() {
    Counting counting = new Counting();
    try (DataFileStore store = openWithoutThread(SMALL.withQueueCapacity(2));
        Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < 2; i++) {
        try (Epoch queued = store.beginEpoch()) {
          queued.put(new BlobId(0, i), VALUE);
          assertThat(queued.tryCommit(counting)).isEqualTo(Admission.ACCEPTED);
        }
      }
      epoch.put(new BlobId(0, 2), VALUE);
      assertThat(epoch.tryCommit(counting)).isEqualTo(Admission.BACK_PRESSURED);
      epoch.put(new BlobId(0, 3), VALUE); // still open
      assertThat(counting.durable.get()).isZero();
      store.doWork();
      assertThat(counting.durable.get()).isEqualTo(2);
      assertThat(epoch.tryCommit(counting)).isEqualTo(Admission.ACCEPTED);
      store.doWork();
      assertThat(counting.durable.get()).isEqualTo(3);
      assertThat(store.contains(new BlobId(0, 3))).isTrue();
    }
  }

  @Test
  void shouldReportThroughTheFuture() {
    try (DataFileStore store = open();
        Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(0, 1), VALUE);
      epoch.delete(new BlobId(0, 1));
      epoch.delete(new BlobId(0, 2));
      CompletableFuture<CommitReport> future = epoch.commitAsync();
      assertThat(future.thenApply(CommitReport::deletesTotal).join()).isEqualTo(2);
      assertThat(future.join())
          .hasToString("CommitReport[epoch=1, puts=1, deletesTotal=2, deletesApplied=1]");
    }
  }
}
