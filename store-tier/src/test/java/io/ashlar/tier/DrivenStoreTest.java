package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import org.agrona.concurrent.AgentInvoker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The thread that drives a store's agents also calls the store's tier, whose passes commit to the
 * store and wait for its marks. So each wait of that thread drives (L34).
 */
@Timeout(120)
class DrivenStoreTest extends TierInFolder {

  private LocalBlobStore driven() {
    return LocalBlobStore.builder(folder.resolve("a"))
        .config(
            StoreConfig.DEFAULTS
                .withPoolBytes(8 << 20)
                .withThreadingMode(StoreConfig.ThreadingMode.INVOKER))
        .open();
  }

  @Test
  void shouldServeTheTierWhileTheDriverWaitsForIt() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = driven()) {
      AgentInvoker invoker = store.agentInvoker();
      invoker.start();
      try (Tier tier = tier(store)) {
        model.putRange(store, 0, 300, 1);
        assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(300);
        assertThat(tier.evict(id -> true)).as("all but the empty blob").isEqualTo(299);
        model.assertHeldBy(store);
        model.putRange(store, 300, 400, 2);
        tier.awaitTiered(store.durableEpoch());
        assertThat(tier.tieredEpoch()).isEqualTo(store.durableEpoch());
      }
    }
    assertRestored(model);
  }

  @Test
  void shouldWaitForPassesAtAnIntervalOnTheDriver() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = driven()) {
      store.agentInvoker().start();
      try (Tier tier = open(store, prefix(), MANUAL.withIntervalMs(10), false)) {
        model.putRange(store, 0, 100, 1);
        tier.awaitTiered(store.durableEpoch());
        assertThat(tier.tieredEpoch()).isGreaterThanOrEqualTo(1);
      }
    }
    assertRestored(model);
  }
}
