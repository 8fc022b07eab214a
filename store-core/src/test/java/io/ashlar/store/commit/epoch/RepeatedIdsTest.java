package io.ashlar.store.commit.epoch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.Campaign;
import io.ashlar.store.index.BlobIndex;
import io.ashlar.store.index.BlobLocation;
import io.ashlar.store.index.OperationApplier;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Epochs that put and delete the same ids again and again, beside a replay of the same. */
public class RepeatedIdsTest {
  private static final int EPOCHS = Campaign.count("test.repeated.epochs", 3_000);

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);

  /** An index, who changes it, and the extents that were given up. */
  private record Side(BlobIndex index, OperationApplier applier, List<String> freed) {
    static Side empty(long seed) {
      BlobIndex index = new BlobIndex(seed);
      return new Side(index, new OperationApplier(index, false), new ArrayList<>());
    }

    String entry(int id) {
      BlobLocation found = new BlobLocation();
      index.find(1, id, found);
      return found.kind()
          + ":"
          + found.startBlock()
          + ":"
          + found.lengthBytes()
          + ":"
          + found.version();
    }
  }

  @Test
  void shouldShowOnlyTheLastOfSeveralAndEndAsReplayDoes() {
    Side live = Side.empty(seed);
    Side replay = Side.empty(seed);
    int repeated = 0;
    for (int sequence = 1; sequence <= EPOCHS; sequence++) {
      boolean keep = random.nextInt(3) > 0;
      live.applier.keepTombstones(keep);
      replay.applier.keepTombstones(keep);
      int ids = 1 + random.nextInt(200);
      EpochBuffer epoch = epoch(ids, sequence);
      int replayed =
          replay.applier.apply(
              epoch.operations(),
              0,
              epoch.operationCount(),
              sequence,
              (start, blocks) -> replay.freed.add(start + "+" + blocks));
      repeated += epoch.operationCount() > ids ? 1 : 0;
      assertThat(publish(live, replay, epoch, sequence, ids)).isEqualTo(replayed);
      for (int id = 0; id < ids; id++) {
        assertThat(live.entry(id)).as("seed=%d, id=%d", seed, id).isEqualTo(replay.entry(id));
      }
      assertThat(live.applier.liveBlocks()).isEqualTo(replay.applier.liveBlocks());
      Collections.sort(live.freed);
      Collections.sort(replay.freed);
      assertThat(live.freed).as("G13, seed=%d", seed).isEqualTo(replay.freed);
      live.freed.clear();
      replay.freed.clear();
    }
    assertThat(repeated).isPositive();
    assertThat(live.index.tombstoneCount()).isEqualTo(replay.index.tombstoneCount());
    live.index.close();
    replay.index.close();
  }

  /** Publishes an epoch; whenever something is freed, each id is as it was, or as it will be. */
  private int publish(Side live, Side after, EpochBuffer epoch, int sequence, int ids) {
    List<String> before = new ArrayList<>();
    for (int id = 0; id < ids; id++) {
      before.add(live.entry(id));
    }
    return epoch.applyTo(
        live.applier,
        sequence,
        (start, blocks) -> {
          live.freed.add(start + "+" + blocks);
          if (live.freed.size() < 20) { // or it takes long
            for (int id = 0; id < ids; id++) {
              assertThat(live.entry(id))
                  .as("G1: seed=%d, id=%d", seed, id)
                  .isIn(before.get(id), after.entry(id));
            }
          }
        });
  }

  private EpochBuffer epoch(int ids, int sequence) {
    EpochBuffer epoch = new EpochBuffer(new Quota(0));
    epoch.begin();
    int count =
        switch (random.nextInt(10)) {
          case 0 -> 100 + random.nextInt(500);
          case 1, 2, 3 -> 5 + random.nextInt(100);
          default -> 1 + random.nextInt(8);
        };
    for (int i = 0; i < count; i++) {
      int id = random.nextInt(ids);
      if (random.nextInt(3) == 0) {
        epoch.addDelete(1, id);
      } else {
        int length = random.nextInt(3) * 5_000;
        long start = length == 0 ? 0 : sequence * 10_000L + 10L * i;
        epoch.addPut(1, id, i, start, length);
      }
    }
    epoch.expectHere();
    return epoch;
  }
}
