package io.ashlar.tier.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.BlobModel;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestoreTest {
  @TempDir Path folder;

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final BlobModel model = new BlobModel();
  private int stores;

  private LocalBlobStore local() {
    return LocalBlobStore.builder(folder.resolve("store" + stores++))
        .config(StoreConfig.DEFAULTS.withPoolBytes(4 << 20).withInitialFileBytes(1 << 20))
        .open();
  }

  @BeforeEach
  void tier() {
    try (LocalBlobStore store = local();
        Tier tier =
            Tier.builder(store, objects)
                .config(TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10))
                .open()) {
      for (int round = 0; round < 4; round++) {
        model.putRange(store, round * 20L, round * 20L + 60, round);
        model.delete(store, round * 20L);
        tier.checkpoint(TierProgress.NONE);
      }
    }
  }

  @Test
  void shouldWriteEachBlobOnceAndReadEachObjectOnce() {
    int before = objects.requests().size();
    try (LocalBlobStore store = local()) {
      RestoreReport report =
          Restore.restore(
              objects, store, RestoreOptions.DEFAULTS.withPin(false), TierProgress.NONE);
      model.assertHeldBy(store);
      assertThat(store.stats().puts()).isEqualTo(model.size());
      assertThat(store.stats().tombstones()).isZero();
      assertThat(report.blobs()).isEqualTo(model.size());
      assertThat(report.manifests()).isEqualTo(5);
      List<String> requests = objects.requests().subList(before, objects.requests().size());
      // The hint, the manifests and the batches; and twice, because they are absent, the probe
      // after the newest manifest and the boundary.
      assertThat(requests).hasSize((int) (1 + report.manifests() + report.batches() + 2 * 2));
      assertThat(requests.stream().distinct()).hasSize(requests.size() - 2);
    }
  }

  @Test
  void shouldRefuseAStoreThatIsNotEmpty() {
    try (LocalBlobStore store = local()) {
      new BlobModel().put(store, 1, 1, 1);
      assertThatThrownBy(() -> Restore.restore(objects, store, TierProgress.NONE))
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("empty store");
    }
  }

  @Test
  void shouldSayThatThereIsNothingToRestore() {
    try (LocalBlobStore store = local()) {
      assertThatThrownBy(() -> Restore.restore(new InMemoryObjectStore(), store, TierProgress.NONE))
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("nothing to restore");
    }
  }

  @Tag("campaign")
  @Test
  void shouldNameWhicheverObjectIsDamagedOrMissing() throws Exception {
    for (ObjectInfo object : objects.listAll("").toList()) {
      if (object.key().equals(TierKeys.LATEST)) {
        continue;
      }
      byte[] bytes = bytes(object.key());
      byte[] damaged = bytes.clone();
      damaged[damaged.length / 2] ^= 0x40;
      objects.put(object.key(), ObjectBody.of(damaged));
      assertFails(object.key());
      objects.put(object.key(), ObjectBody.of(java.util.Arrays.copyOf(bytes, bytes.length - 1)));
      assertFails(object.key());
      objects.deleteAll(List.of(object.key()));
      assertFails(object.key());
      objects.put(object.key(), ObjectBody.of(bytes));
    }
    try (LocalBlobStore store = local()) {
      Restore.restore(objects, store, TierProgress.NONE);
      model.assertHeldBy(store);
    }
  }

  private byte[] bytes(String key) throws IOException {
    try (ObjectContent content = objects.get(key)) {
      return content.stream().readAllBytes();
    }
  }

  private void assertFails(String key) {
    try (LocalBlobStore store = local()) {
      assertThatThrownBy(() -> Restore.restore(objects, store, TierProgress.NONE))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining(key);
    }
  }

  @Test
  void shouldSayThatTheTierDoesNotAnswer() {
    objects.fault((request, key) ->
        key.startsWith(TierKeys.BATCHES) ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    try (LocalBlobStore store = local()) {
      assertThatThrownBy(() -> Restore.restore(objects, store, TierProgress.NONE))
          .isInstanceOf(TierUnavailableException.class);
    }
  }
}
