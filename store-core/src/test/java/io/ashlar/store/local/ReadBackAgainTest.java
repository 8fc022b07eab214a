package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.spi.ColdReference;
import io.ashlar.store.spi.Eviction;
import io.ashlar.store.spi.ReadBack;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the tier gives with another checksum than the index has is asked for once more. */
class ReadBackAgainTest {
  private static final StoreConfig SMALL =
      StoreConfig.DEFAULTS
          .withPoolBytes(8 << 20)
          .withInitialFileBytes(1 << 20)
          .withGrowthBytesMin(1 << 20);
  private static final BlobId ID = new BlobId(1, 2);
  private static final byte[] VALUE = new byte[10_000];

  @TempDir Path folder;

  /** A tier whose answers are wrong so many times. */
  private static final class WrongTier implements ReadBack {
    private int wrong;
    private int again;

    private void fill(MemorySegment target) {
      target.copyFrom(MemorySegment.ofArray(VALUE));
      if (wrong-- > 0) {
        target.set(ValueLayout.JAVA_BYTE, 5, (byte) 1);
      }
    }

    @Override
    public void readBack(BlobId id, ColdReference reference, MemorySegment target) {
      fill(target);
    }

    @Override
    public void readBackAgain(BlobId id, ColdReference reference, MemorySegment target) {
      again++;
      fill(target);
    }
  }

  @Test
  void shouldAskTheTierOnceMoreBeforeABlobIsDamaged() throws IOException {
    WrongTier tier = new WrongTier();
    try (DataFileStore store =
        (DataFileStore) LocalBlobStore.builder(folder).config(SMALL).open()) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(ID, MemorySegment.ofArray(VALUE));
        store.awaitDurable(epoch.commit());
      }
      evict(store);
      store.attachReadBack(tier);

      tier.wrong = 1;
      try (BlobLease lease = Objects.requireNonNull(store.get(ID))) {
        assertThat(lease.value().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(VALUE);
      }
      tier.wrong = 1;
      MemorySegment target = MemorySegment.ofArray(new byte[VALUE.length]);
      assertThat(store.get(ID, target)).isEqualTo(VALUE.length);
      assertThat(target.mismatch(MemorySegment.ofArray(VALUE))).isEqualTo(-1);
      tier.wrong = 1;
      assertThat(store.getAsync(ID, target).join()).isEqualTo(VALUE.length);
      tier.wrong = 1;
      ByteArrayOutputStream copy = new ByteArrayOutputStream();
      store.get(ID, Channels.newChannel(copy));
      assertThat(copy.toByteArray()).isEqualTo(VALUE);
      tier.wrong = 1;
      assertThat(store.get(ID, 3, 5, target)).isEqualTo(5);
      assertThat(target.get(ValueLayout.JAVA_BYTE, 2)).isZero();
      assertThat(tier.again).isEqualTo(5);

      tier.wrong = 2;
      assertThatThrownBy(() -> store.get(ID, target)).isInstanceOf(CorruptionException.class);
      assertThat(tier.again).isEqualTo(6);
      tier.wrong = 0;
      assertThat(store.get(ID, target)).isEqualTo(VALUE.length);
      assertThat(tier.again).isEqualTo(6);
    }
  }

  private static void evict(DataFileStore store) {
    List<Eviction> evictions = new ArrayList<>();
    store.forEachChange(
        0,
        Long.MAX_VALUE,
        change -> evictions.add(new Eviction(change, new ColdReference(1, 2, 3))));
    assertThat(store.evict(evictions)).isEqualTo(1);
  }
}
