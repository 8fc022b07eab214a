package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.Epoch;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.ManifestNotes;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.LineageLife.Opened;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A copy of a store's file is refused by the tier once the original has gone on, and only then.
 * Copies are taken at every point of a scripted life.
 */
@Tag("campaign")
class LineageTest {
  private static final int COPY_IDS = 10_000;

  @TempDir Path folder;

  private static Opened open(LocalBlobStore local, Path tier) {
    ObjectStore objects = FileObjectStore.open(tier);
    try {
      return Opened.on(local, objects);
    } catch (RuntimeException e) {
      objects.close();
      throw e;
    }
  }

  private static List<String> objects(Path tier) {
    List<String> found = new ArrayList<>();
    try (ObjectStore objects = FileObjectStore.open(tier)) {
      for (ObjectInfo object : objects.listAll("").toList()) {
        found.add(object.key() + " " + object.length() + " " + object.etag());
      }
    }
    return found;
  }

  private static void assertHolds(Path tier, BlobModel model) {
    try (ObjectStore objects = FileObjectStore.open(tier)) {
      TierManifest newest = Objects.requireNonNull(new ManifestStore(objects).latest());
      assertThat(model.isExactly(TierState.at(objects, newest))).isTrue();
    }
  }

  private static void commit(LocalBlobStore store, long epochs) {
    for (long i = 0; i < epochs; i++) {
      try (Epoch epoch = store.beginEpoch()) {
        new BlobModel().put(epoch, COPY_IDS + i, i, 100);
        epoch.commit();
      }
    }
  }

  private static void assertRefused(LocalBlobStore copy, Path tier, String point) {
    ManifestNotes notes = ((TierSource) copy).manifestNotes();
    assertThatThrownBy(() -> open(copy, tier))
        .as(point)
        .isInstanceOf(StoreOpenException.class)
        .hasMessageContaining("older than its tier")
        .hasMessageContaining("restore from the tier into an empty folder")
        .hasMessageContaining(
            copy.stats().evictedBlobs() == 0
                ? "or tier this file to an empty prefix"
                : "cannot go to another prefix");
    assertThat(((TierSource) copy).manifestNotes()).isEqualTo(notes);
  }

  @Test
  void shouldRefuseEveryCopyThatTheOriginalWentPastHoweverManyCommitsItHas() { // N3
    int refused = 0;
    try (LineageLife life = new LineageLife(folder)) {
      List<LineageLife.Point> points = life.run();
      long last;
      try (LocalBlobStore original = LineageLife.local(life.original())) {
        last = original.durableEpoch();
      }
      List<String> before = objects(life.directory());
      for (LineageLife.Point point : points) {
        try (LocalBlobStore copy = LineageLife.local(point.store())) {
          assertThat(copy.durableEpoch())
              .as(point.name())
              .isEqualTo(point.epoch())
              .isLessThan(last);
          assertRefused(copy, life.directory(), point.name() + ", fewer commits");
          commit(copy, last - copy.durableEpoch());
          assertRefused(copy, life.directory(), point.name() + ", as many commits");
          commit(copy, 3);
          assertRefused(copy, life.directory(), point.name() + ", more commits");
          refused += 3;
        }
      }
      assertThat(objects(life.directory())).isEqualTo(before);
      assertThat(points).hasSizeGreaterThanOrEqualTo(15);
      System.out.println("lineage: points=" + points.size() + ", copies refused=" + refused);

      // The original continues.
      LocalBlobStore original = LineageLife.local(life.original());
      try (Opened opened = open(original, life.directory())) {
        life.model().assertHeldBy(opened.store());
        life.model().put(opened.store(), 60, 2, 3_000);
        opened.tier().awaitTiered(opened.store().durableEpoch());
        assertThat(opened.tier().evict(id -> true)).isPositive();
        life.model().assertHeldBy(opened.store());
      }
      assertHolds(life.directory(), life.model());
    }
  }

  @Test
  void shouldGoOnFromEveryPointAndRefuseTheSecondOfTwoCopies() {
    int goneOn = 0;
    try (LineageLife life = new LineageLife(folder)) {
      for (LineageLife.Point point : life.run()) {
        // As after a crash at this point; or the first of two copies that were made there.
        Path second = folder.resolve("second-" + goneOn);
        LineageLife.copy(point.store(), second);
        LocalBlobStore local = LineageLife.local(point.store());
        BlobModel model = point.model();
        try (Opened opened = open(local, point.tier())) {
          model.putRange(opened.store(), COPY_IDS, COPY_IDS + 5, goneOn);
          model.delete(opened.store(), 7);
          opened.tier().awaitTiered(opened.store().durableEpoch());
          model.assertHeldBy(opened.store());
        }
        try (LocalBlobStore other = LineageLife.local(second)) {
          commit(other, 2);
          assertRefused(other, point.tier(), point.name() + ", the second copy");
        }
        try (Opened opened = open(LineageLife.local(point.store()), point.tier())) {
          model.assertHeldBy(opened.store());
        }
        assertHolds(point.tier(), model);
        goneOn++;
      }
    }
    System.out.println("lineage: points gone on from=" + goneOn);
  }

  /** A copy that makes more commits than the original did, then opens the original's tier. */
  @Test
  void shouldRefuseACopyThatOvertookItsTier() {
    for (int extra : new int[] {0, 1, 6}) {
      Path tier = folder.resolve("tier-" + extra);
      Path a = folder.resolve("a-" + extra);
      Path b = folder.resolve("b-" + extra);
      BlobModel model = new BlobModel();
      try (Opened opened = open(LineageLife.local(a), tier)) {
        model.putRange(opened.store(), 0, 5, 1);
        opened.tier().checkpoint(TierProgress.NONE);
      }
      LineageLife.copy(a, b);
      try (Opened opened = open(LineageLife.local(a), tier)) {
        model.put(opened.store(), 100, 1, 50);
        model.put(opened.store(), 0, 2, 60);
        opened.tier().checkpoint(TierProgress.NONE);
      }
      try (LocalBlobStore copy = LineageLife.local(b)) {
        commit(copy, 2 + extra);
        assertRefused(copy, tier, "extra=" + extra);
      }
      assertHolds(tier, model);
    }
  }

  @Test
  void shouldTierARefusedCopyToAnEmptyPrefixAsAStoreOfItsOwn() {
    Path tier = folder.resolve("tier");
    Path own = folder.resolve("own");
    BlobModel model = new BlobModel();
    try (Opened opened = open(LineageLife.local(folder.resolve("a")), tier)) {
      model.putRange(opened.store(), 0, 20, 1);
      opened.tier().checkpoint(TierProgress.NONE);
    }
    LineageLife.copy(folder.resolve("a"), folder.resolve("b"));
    BlobModel forked = model.copy();
    try (Opened opened = open(LineageLife.local(folder.resolve("a")), tier)) {
      model.delete(opened.store(), 4);
      model.put(opened.store(), 100, 1, 50);
      opened.tier().checkpoint(TierProgress.NONE);
    }
    LocalBlobStore copy = LineageLife.local(folder.resolve("b"));
    assertRefused(copy, tier, "the copy");
    try (Opened opened = open(copy, own)) {
      forked.put(opened.store(), 200, 2, 70);
      forked.delete(opened.store(), 5);
      opened.tier().awaitTiered(opened.store().durableEpoch());
      assertThat(opened.tier().evict(id -> true)).isPositive();
      forked.assertHeldBy(opened.store());
    }
    assertHolds(own, forked);
    assertHolds(tier, model);
    // Each stays with its own.
    try (LocalBlobStore original = LineageLife.local(folder.resolve("a"))) {
      assertThatThrownBy(() -> open(original, own)).isInstanceOf(StoreOpenException.class);
    }
    try (Opened opened = open(LineageLife.local(folder.resolve("a")), tier)) {
      model.assertHeldBy(opened.store());
    }
    try (Opened opened = open(LineageLife.local(folder.resolve("b")), own)) {
      forked.assertHeldBy(opened.store());
    }
  }
}
