package io.ashlar.tier.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.tier.checkpoint.TierKeys;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A place is told of the very bytes of a change only, and counts the last entry of each id. */
class BlobLocationsTest {
  private static final BlobId ID = new BlobId(3, 4);
  private static final TierKeys.BatchName FIRST = TierKeys.BatchName.derived(1, 2, 3);
  private static final TierKeys.BatchName SECOND = TierKeys.BatchName.derived(1, 3, 4);

  private static BlobChange stored(BlobId id, long length, int crc) {
    return new BlobChange(id, 1, BlobChange.Kind.STORED, length, crc, 0);
  }

  @Test
  void shouldFindOnlyTheVeryBytesOfAChange() {
    try (BlobLocations locations = new BlobLocations(List::of)) {
      locations.put(stored(ID, 100, 7), locations.addBatch(FIRST));
      assertThat(locations.find(stored(ID, 100, 7))).isNotNull();
      assertThat(locations.find(stored(ID, 101, 7))).as("another length").isNull();
      assertThat(locations.find(stored(ID, 100, 8))).as("another checksum").isNull();
      assertThat(locations.find(stored(new BlobId(3, 5), 100, 7))).as("another id").isNull();
      locations.put(stored(ID, 0, 0), locations.addBatch(SECOND));
      assertThat(locations.find(stored(ID, 0, 0))).isNotNull();
      assertThat(locations.find(stored(ID, 100, 7))).as("the one before").isNull();
      locations.delete(stored(ID, 0, 0));
      assertThat(locations.find(stored(ID, 0, 0))).as("deleted").isNull();
      assertThat(locations.isLive(stored(ID, 0, 0))).isFalse();
      assertThat(locations.liveEntries().values()).containsOnly(0L);
    }
  }
}
