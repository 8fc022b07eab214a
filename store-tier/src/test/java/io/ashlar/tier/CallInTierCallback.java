package io.ashlar.tier;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.tier.TierCallback.Kind;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.object.FaultyObjectStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The calls of a store and its tier, as they are made within a callback, and what becomes of each:
 * the table in the description of the package {@code io.ashlar.tier}, as code.
 */
enum CallInTierCallback {
  GET(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.store().get(TierCallbackGround.LOCAL, target());
    }
  },
  GET_EVICTED(EnumSet.of(Kind.REQUEST, Kind.LOGGER)) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.store().get(TierCallbackGround.EVICTED, target());
    }
  },
  GET_PART_OF_EVICTED(EnumSet.of(Kind.REQUEST, Kind.LOGGER)) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.store().get(TierCallbackGround.EVICTED, 100, 10, target());
    }
  },
  GET_EVICTED_ASYNC(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.store().getAsync(TierCallbackGround.EVICTED, target());
    }
  },
  GET_EVICTED_ASYNC_JOIN(waitsForTheStore()) {
    @Override
    void make(TierCallbackGround ground) {
      // A future that is done already can be joined anywhere, so join several.
      for (int i = 0; i < JOINS; i++) {
        var _ = ground.store().getAsync(TierCallbackGround.EVICTED, target()).join();
      }
    }
  },
  GET_ALL(waitsForTheStore()) {
    @Override
    void make(TierCallbackGround ground) {
      ground.store().getAll(List.of(TierCallbackGround.LOCAL, TierCallbackGround.EVICTED), BLIND);
    }
  },
  LENGTH(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.store().length(TierCallbackGround.EVICTED);
    }
  },
  FOR_EACH(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      ground.store().forEach((idHigh, idLow, length, local) -> {});
    }
  },
  STATS(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.store().stats();
    }
  },
  COMMIT_ASYNC(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.filled().commitAsync();
    }
  },
  COMMIT(waitsForTheStore()) {
    @Override
    void make(TierCallbackGround ground) {
      try (Epoch epoch = ground.filled()) {
        var _ = epoch.commit();
      }
    }
  },
  SNAPSHOT(waitsForTheStore()) {
    @Override
    void make(TierCallbackGround ground) {
      ground.store().snapshot().close();
    }
  },
  STORE_VERIFY(waitsForTheStore()) {
    @Override
    void make(TierCallbackGround ground) {
      if (!ground.store().verify(VerifyListener.NONE).clean()) {
        throw new AssertionError("damaged");
      }
    }
  },
  VACUUM(waitsForTheStore()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.store().vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE);
    }
  },
  CLOSE_THE_STORE(everywhere()) {
    @Override
    void make(TierCallbackGround ground) {
      ground.store().close();
    }
  },
  CHECKPOINT(waitsForTheTier()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.tier().checkpoint(TierProgress.NONE);
    }
  },
  EVICT(waitsForTheTier()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.tier().evict(id -> false);
    }
  },
  EVICT_OLDEST(waitsForTheTier()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.tier().evictOldest(1, id -> false);
    }
  },
  COLLECT(waitsForTheTier()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.tier().collect(false);
    }
  },
  REPAIR(waitsForTheTier()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.tier().repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
    }
  },
  AWAIT_TIERED(waitsForTheTier()) {
    @Override
    void make(TierCallbackGround ground) {
      ground.tier().awaitTiered(ground.tier().tieredEpoch());
    }
  },
  TIERED_EPOCH(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.tier().tieredEpoch();
    }
  },
  TIERED_SEQUENCE(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.tier().tieredSequence();
    }
  },
  TIER_STATS(nowhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ = ground.tier().stats();
    }
  },
  OPEN_ANOTHER(everywhere()) { // a store has one tier at a time
    @Override
    void make(TierCallbackGround ground) {
      Tier.builder(ground.store(), ground.objects()).open().close();
    }
  },
  REPAIR_ANOTHER(everywhere()) {
    @Override
    void make(TierCallbackGround ground) {
      var _ =
          Tier.builder(ground.store(), ground.objects())
              .repair(RepairOptions.DEFAULTS, TierProgress.NONE, LossListener.NONE);
    }
  },
  FOLLOW(EnumSet.of(Kind.LOGGER)) { // a logger is a listener of each
    @Override
    void make(TierCallbackGround ground) {
      try (FollowerStore follower =
          FollowerStore.open(
              new FaultyObjectStore(ground.objects().delegate()),
              FollowerConfig.DEFAULTS.withKeys(new CalledObjects().keys()))) {
        var _ = follower.refresh();
      }
    }
  },
  CLOSE_THE_TIER(everywhere()) {
    @Override
    void make(TierCallbackGround ground) {
      ground.tier().close();
    }
  };

  /** Enough futures that one of them is joined before it is done. */
  static final int JOINS = 100;

  private static final BatchVisitor BLIND =
      new BatchVisitor() {
        @Override
        public void onBlob(int index, BlobId id, MemorySegment value) {}

        @Override
        public void onFailed(int index, BlobId id, StoreException failure) {
          throw failure;
        }
      };

  @SuppressWarnings("ImmutableEnumChecker") // never changed
  private final Set<Kind> refusedIn;

  CallInTierCallback(Set<Kind> refusedIn) {
    this.refusedIn = refusedIn;
  }

  private static Set<Kind> nowhere() {
    return EnumSet.noneOf(Kind.class);
  }

  private static Set<Kind> everywhere() {
    return EnumSet.allOf(Kind.class);
  }

  private static Set<Kind> waitsForTheStore() {
    return EnumSet.of(Kind.REQUEST, Kind.LISTENER, Kind.LOGGER);
  }

  private static Set<Kind> waitsForTheTier() {
    return EnumSet.complementOf(EnumSet.of(Kind.OTHER));
  }

  /** Returns what the table says. */
  boolean isRefusedIn(TierCallback within) {
    return refusedIn.contains(within.kind());
  }

  /** Makes the call. */
  abstract void make(TierCallbackGround ground);

  private static MemorySegment target() {
    return Arena.ofAuto().allocate(TierCallbackGround.BYTES);
  }
}
