package io.ashlar.tier.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.store.spi.BlobChange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ChangeListTest {
  private static final Comparator<BlobChange> BY_TIME =
      Comparator.comparingLong(BlobChange::sequence).thenComparingLong(BlobChange::startBlock);

  private static BlobChange change(long number, long sequence, long block) {
    boolean stored = number % 5 != 0;
    return new BlobChange(
        new BlobId(~number, number),
        sequence,
        stored ? BlobChange.Kind.STORED : BlobChange.Kind.DELETED,
        stored ? number * 3 : 0,
        (int) number * 31,
        block);
  }

  @Test
  @Tag("campaign")
  void shouldGiveBackWhatWasAddedInTheOrderOfTime() {
    SplittableRandom random = new SplittableRandom(Long.getLong("test.seed", 7));
    for (int sequences : new int[] {1, 2, 1000, Integer.MAX_VALUE}) {
      for (int count : new int[] {0, 1, 2, 12, 13, 14, 1000, 50_000}) {
        List<BlobChange> expected = new ArrayList<>();
        try (ChangeList list = new ChangeList()) {
          for (int i = 0; i < count; i++) {
            // Each place in the file once, so that the order is total.
            BlobChange change = change(i, random.nextInt(sequences), i * 7919L % 1_000_003);
            expected.add(change);
            list.add(change);
          }
          list.sort(BackgroundWork.UNPACED);
          expected.sort(BY_TIME);
          assertThat(list.size()).isEqualTo(count);
          for (int i = 0; i < count; i++) {
            assertThat(list.get(i)).isEqualTo(expected.get(i));
          }
          list.sort(BackgroundWork.UNPACED);
          assertThat(list.storedBytes())
              .isEqualTo(expected.stream().mapToLong(BlobChange::length).sum());
        }
      }
    }
  }
}
