package io.ashlar.tier.pack;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.spi.BlobChange;
import io.ashlar.tier.batch.FramedBatchEncoder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PackPlanTest {
  private final long seed = Long.getLong("test.seed", 5);
  private final SplittableRandom random = new SplittableRandom(seed);

  private ChangeList changes(int count) {
    ChangeList changes = new ChangeList();
    long block = 0;
    for (int i = 0; i < count; i++) {
      boolean stored = random.nextInt(10) > 0;
      long length =
          switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> random.nextInt(100);
            case 2 -> 65_500 + random.nextInt(80);
            case 3 -> random.nextInt(40) == 0 ? 3 << 20 : 300_000;
            case 4 -> random.nextInt(40) == 0 ? 1 << 20 : 4_096;
            default -> random.nextInt(20_000);
          };
      changes.add(
          new BlobChange(
              new BlobId(1, i),
              i,
              stored ? BlobChange.Kind.STORED : BlobChange.Kind.DELETED,
              stored ? length : 0,
              0,
              stored ? block : 0));
      block += (length + 4095) / 4096;
    }
    return changes;
  }

  /** The blobs with which one encoder after the other would begin a frame. */
  private static Set<Long> frameStarts(ChangeList changes, long batchBytesTarget) {
    Set<Long> starts = new HashSet<>();
    long frame = 0;
    long batch = 0;
    for (long i = 0; i < changes.size(); i++) {
      if (!changes.isStored(i)) {
        continue;
      }
      long entry = PackPlan.entryBytes(changes.length(i));
      if (batch > 0 && batch + entry > batchBytesTarget) {
        batch = 0;
        frame = 0;
      }
      if (frame == 0 || FramedBatchEncoder.endsFrame(frame, entry, changes.length(i))) {
        starts.add(i);
        frame = 0;
      }
      batch += entry;
      frame = FramedBatchEncoder.isLarge(changes.length(i)) ? 0 : frame + entry;
    }
    return starts;
  }

  private static long firstStored(ChangeList changes, PackPlan.Group group) {
    long first = group.from();
    while (!changes.isStored(first)) {
      first++;
    }
    return first;
  }

  @Test
  void shouldCutOnlyWhereAFrameBeginsAndWithinBatches() {
    for (int round = 0; round < 50; round++) {
      long target = (64L << 10) << random.nextInt(8);
      try (ChangeList changes = changes(random.nextInt(3_000))) {
        Set<Long> starts = frameStarts(changes, target);
        PackPlan plan = new PackPlan(changes, target);
        List<Long> covered = new ArrayList<>();
        long end = 0;
        for (PackPlan.Group group = plan.next(); group != null; group = plan.next()) {
          String where = "seed=" + seed + ", round=" + round + ", group=" + group;
          assertThat(group.from()).as(where).isEqualTo(end);
          end = group.to();
          assertThat(starts).as(where).contains(firstStored(changes, group));
          long bytes = 0;
          int blobs = 0;
          for (long i = group.from(); i < group.to(); i++) {
            if (changes.isStored(i)) {
              covered.add(i);
              blobs++;
              bytes += PackPlan.entryBytes(changes.length(i));
            }
          }
          assertThat(blobs == 1 || bytes <= target).as(where).isTrue();
          assertThat(bytes)
              .as(where)
              .isLessThanOrEqualTo(group.direct() ? Long.MAX_VALUE : 2 * PackPlan.READ_BYTES_MAX);
        }
        long stored = 0;
        for (long i = 0; i < changes.size(); i++) {
          stored += changes.isStored(i) ? 1 : 0;
        }
        assertThat(covered).doesNotHaveDuplicates().isSorted().hasSize((int) stored);
      }
    }
  }

  @Test
  void shouldGiveALongBlobAGroupOfItsOwnAndEndInShortOnes() {
    try (ChangeList changes = new ChangeList()) {
      long[] lengths = {10, PackPlan.READ_BYTES_MAX + 1, PackPlan.READ_BYTES_MAX, 10};
      for (int i = 0; i < lengths.length; i++) {
        changes.add(
            new BlobChange(new BlobId(1, i), i, BlobChange.Kind.STORED, lengths[i], 0, i * 1_000L));
      }
      PackPlan plan = new PackPlan(changes, 8 << 20);
      assertThat(plan.next()).isEqualTo(new PackPlan.Group(0, 1, false));
      assertThat(plan.next()).isEqualTo(new PackPlan.Group(1, 2, true));
      assertThat(Objects.requireNonNull(plan.next()).direct()).isFalse();
      assertThat(plan.next()).isEqualTo(new PackPlan.Group(3, 4, false));
      assertThat(plan.next()).isNull();
    }
  }
}
