package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobStore;
import io.ashlar.store.FencedException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.restore.Restore;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which prefixes a store may write to, and what an open that is refused leaves. */
class TierClaimTest extends TierInFolder {
  @Test
  void shouldRefuseThePrefixOfAnotherStoreAndSayTheWayOut() {
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.tieredSequence()).isZero();
    }
    assertThatThrownBy(() -> openAndClose(local("b"), prefix(), false))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("another prefix")
        .hasMessageContaining("adopt");
  }

  @Test
  void shouldAdoptThePrefixItWasRestoredFromAndFenceTheStoreBefore() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore old = local("a");
        Tier oldTier = tier(old)) {
      model.putRange(old, 1, 100, 1);
      oldTier.checkpoint(TierProgress.NONE);
      model.delete(old, 50);
      model.putRange(old, 10, 20, 9);
      oldTier.checkpoint(TierProgress.NONE);

      LocalBlobStore restored = local("b");
      try (ObjectStore objects = prefix()) {
        Restore.restore(objects, restored, TierProgress.NONE);
      }
      try (LocalBlobStore next = restored;
          Tier nextTier = open(next, prefix(), MANUAL, true)) {
        assertThat(nextTier.checkpoint(TierProgress.NONE)).isEqualTo(CheckpointReport.NOTHING);
        model.delete(next, 51);
        model.putRange(next, 30, 35, 4);
        CheckpointReport report = nextTier.checkpoint(TierProgress.NONE);
        assertThat(report.blobs()).isEqualTo(5);
        assertThat(report.deletes()).isEqualTo(1);
        TierStats before = nextTier.stats();
        assertThat(nextTier.evict(id -> true)).isEqualTo(97);
        assertThat(nextTier.stats().gets()).isEqualTo(before.gets() + 2);
        model.assertHeldBy(next);

        new BlobModel().putRange(old, 200, 201, 1);
        assertThatThrownBy(() -> oldTier.checkpoint(TierProgress.NONE))
            .isInstanceOf(FencedException.class);
        assertThatThrownBy(() -> oldTier.evict(id -> true)).isInstanceOf(FencedException.class);
        assertThatThrownBy(() -> oldTier.checkpoint(TierProgress.NONE))
            .isInstanceOf(FencedException.class);
      }
    }
    assertRestored(model);
  }

  @Test
  void shouldNotAdoptAPrefixThatHoldsSomethingElse() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      tier.checkpoint(TierProgress.NONE);
    }
    List<String> changes = List.of("missing", "more", "other", "empty");
    for (String change : changes) {
      LocalBlobStore restored = local(change);
      if (!change.equals("empty")) {
        try (ObjectStore objects = prefix()) {
          Restore.restore(objects, restored, TierProgress.NONE);
        }
      }
      BlobModel copy = model.copy();
      switch (change) {
        case "missing" -> copy.delete(restored, 3);
        case "more" -> copy.put(restored, 999, 1, 10);
        case "other" -> copy.put(restored, 3, 99, 3 * 977);
        default -> {}
      }
      waitForMark(restored);
      assertThatThrownBy(() -> openAndClose(restored, prefix(), true))
          .as(change)
          .isInstanceOf(StoreOpenException.class)
          .hasMessageContaining("does not hold what was tiered there");
    }
  }

  private static void waitForMark(LocalBlobStore store) throws InterruptedException {
    for (int i = 0; i < 2000 && ((TierSource) store).markedEpoch() < store.durableEpoch(); i++) {
      Thread.sleep(1);
    }
    assertThat(((TierSource) store).markedEpoch()).isGreaterThanOrEqualTo(store.durableEpoch());
  }

  @Test
  @Tag("campaign")
  void shouldRefuseAFileThatIsOlderThanItsTier() throws Exception {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      tier.checkpoint(TierProgress.NONE);
    }
    copy(folder.resolve("a"), folder.resolve("copy"));
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      for (int i = 0; i < 10; i++) {
        model.putRange(store, 20, 40, i);
        tier.checkpoint(TierProgress.NONE);
      }
    }
    assertThatThrownBy(() -> openAndClose(local("copy"), prefix(), false))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("older than its tier")
        .hasMessageContaining("restore");
    assertRestored(model);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  @Test
  void shouldRefuseAFreshPrefixForAStoreThatIsEvictedToAnother() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 20, 1);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isEqualTo(19);
    }
    ObjectStore other = FileObjectStore.open(folder.resolve("other"));
    assertThatThrownBy(() -> openAndClose(local("a"), other, false))
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("evicted");
    try (ObjectStore untouched = FileObjectStore.open(folder.resolve("other"))) {
      assertThat(new ManifestStore(untouched).latest()).isNull();
    }
  }

  @Test
  void shouldRefuseAStoreThatCannotBeTiered() {
    BlobStore other =
        (BlobStore)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {BlobStore.class},
                (proxy, method, arguments) -> {
                  throw new AssertionError(method);
                });
    assertThatThrownBy(() -> Tier.builder(other, new InMemoryObjectStore()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("only a local one can");
  }

  @Test
  void shouldRefuseASecondTierBeforeItClaimsAnything() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      model.putRange(store, 1, 10, 1);
      tier.checkpoint(TierProgress.NONE);
      assertThat(tier.evict(id -> true)).isEqualTo(9);
      assertThatThrownBy(() -> tier(store))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("has a tier already");
      model.assertHeldBy(store);
      model.putRange(store, 10, 20, 1);
      assertThat(tier.checkpoint(TierProgress.NONE).blobs()).isEqualTo(10);
    }
  }

  @Test
  void shouldLeaveBothStoresOpenWhenOpeningFails() {
    BlobModel model = new BlobModel();
    try (LocalBlobStore store = local("a");
        Tier tier = tier(store)) {
      assertThat(tier.tieredSequence()).isZero();
    }
    try (LocalBlobStore other = local("b");
        ObjectStore objects = prefix()) {
      assertThatThrownBy(() -> Tier.builder(other, objects).config(MANUAL).open())
          .isInstanceOf(StoreOpenException.class);
      model.putRange(other, 1, 10, 1);
      model.assertHeldBy(other);
      try (Tier own = open(other, FileObjectStore.open(folder.resolve("own")), MANUAL, false)) {
        assertThat(own.checkpoint(TierProgress.NONE).blobs()).isEqualTo(9);
      }
      assertThat(new ManifestStore(objects).latest()).isNotNull();
    }
  }
}
