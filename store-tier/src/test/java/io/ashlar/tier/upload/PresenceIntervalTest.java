package io.ashlar.tier.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.StoreConfig;
import io.ashlar.store.TierDamagedException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.prefix.Allowed;
import io.ashlar.tier.prefix.BlobLocations;
import io.ashlar.tier.prefix.PrefixOpening;
import io.ashlar.tier.prefix.TierWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How long a presence check holds, and how long making room waits after one that failed. */
class PresenceIntervalTest {
  @TempDir Path folder;

  private final InMemoryObjectStore below = new InMemoryObjectStore();
  private final FaultyObjectStore objects = new FaultyObjectStore(below);

  /** Any time: clocks of this kind may begin below zero. */
  private final AtomicLong clockNs = new AtomicLong(-TimeUnit.SECONDS.toNanos(100));

  private void passMs(long ms) {
    clockNs.addAndGet(TimeUnit.MILLISECONDS.toNanos(ms));
  }

  private long lists() {
    return objects.requests().stream().filter(request -> request.startsWith("list")).count();
  }

  @Test
  void shouldCheckAgainWhenTheLastCheckIsAsOldAsTheInterval() {
    StoreConfig small = StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20);
    try (LocalBlobStore store = LocalBlobStore.builder(folder).config(small).open()) {
      PrefixOpening.Opened opened =
          new PrefixOpening(
                  store,
                  (TierSource) store,
                  new TierObjects(objects, null),
                  new Allowed(false, false))
              .open();
      TierWriter writer = opened.writer();
      try (BlobLocations locations = opened.locations();
          Evidence evidence =
              new Evidence(objects, (TierSource) store, 120_000, clockNs::get, () -> 7)) {
        long before = lists();
        evidence.checkPresence(writer, locations);
        assertThat(lists() - before).isEqualTo(2);
        assertThat(evidence.stats().lastCheckMs()).isEqualTo(7);
        passMs(119_999);
        evidence.checkPresence(writer, locations);
        assertThat(lists() - before).isEqualTo(2);
        passMs(1);
        evidence.checkPresence(writer, locations);
        assertThat(lists() - before).isEqualTo(4);
        assertThat(evidence.isPaused()).isFalse();

        passMs(120_000);
        assertThat(below.deleteAll(List.of(TierKeys.manifest(1))).failed()).isEmpty();
        assertThatThrownBy(() -> evidence.checkPresence(writer, locations))
            .isInstanceOf(TierDamagedException.class);
        assertThat(evidence.isPaused()).isTrue();
        passMs(59_999);
        assertThat(evidence.isPaused()).isTrue();
        passMs(1);
        assertThat(evidence.isPaused()).isFalse();
        // An eviction on demand does not pause, and a check that found damage expires at once.
        assertThatThrownBy(() -> evidence.checkPresence(writer, locations))
            .isInstanceOf(TierDamagedException.class);
        assertThat(evidence.stats().presenceChecks()).isEqualTo(4);
        assertThat(evidence.stats().stopped()).isEqualTo(2);
      }
    }
  }
}
