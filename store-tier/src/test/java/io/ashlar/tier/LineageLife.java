package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.spi.TierSource;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The life of a store and its tier in a directory, with a copy of both taken at every point of it:
 * around each claim, batch, manifest, eviction and collection, with every outcome of a manifest.
 */
final class LineageLife implements AutoCloseable {
  static final TierConfig CONFIG =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withCollection(CollectionConfig.DEFAULTS.withIntervalMs(0).withRetainCount(1));

  private static final String MANIFEST = "putIfAbsent manifests/";

  /**
   * A moment of the life.
   *
   * @param store the folder of a copy of the data file.
   * @param tier a copy of the tier's directory.
   * @param model what the store held.
   * @param epoch its last epoch.
   */
  record Point(String name, Path store, Path tier, BlobModel model, long epoch) {}

  /** A store and the tier that is open on it. */
  record Opened(LocalBlobStore store, Tier tier) implements AutoCloseable {

    /** Opens the tier; both stay the caller's if that fails. */
    static Opened on(LocalBlobStore store, ObjectStore objects) {
      return new Opened(store, Tier.builder(store, objects).config(CONFIG).open());
    }

    @Override
    public void close() {
      tier.close();
      store.close();
    }
  }

  private final Path folder;
  private final Path directory;
  private final FaultyObjectStore objects;
  private final List<Point> points = new ArrayList<>();
  private final BlobModel model = new BlobModel();
  private LocalBlobStore local;
  private @Nullable Tier tier;

  LineageLife(Path folder) {
    this.folder = folder;
    this.directory = folder.resolve("tier");
    this.objects = new FaultyObjectStore(FileObjectStore.open(directory));
    this.local = local(original());
  }

  static LocalBlobStore local(Path folder) {
    return LocalBlobStore.builder(folder).config(TierLife.SMALL).open();
  }

  /** The folder of the original, which may be opened again after {@link #run}. */
  Path original() {
    return folder.resolve("original");
  }

  /** The tier's directory. */
  Path directory() {
    return directory;
  }

  /** What the original holds. */
  BlobModel model() {
    return model;
  }

  /** Lives through all of it; the original is closed then, and nothing follows its last act. */
  List<Point> run() {
    model.putRange(local, 0, 10, 1);
    point("before the first claim");
    pointAt(MANIFEST, "the first claim is noted");
    open();
    point("after the first claim");
    model.putRange(local, 10, 20, 2);
    model.delete(local, 3);
    point("after commits");
    pointAt("put batches/", "before a batch");
    tier().checkpoint(TierProgress.NONE);
    point("after the first manifest");
    model.putRange(local, 5, 12, 3);
    pointAt(MANIFEST, "a manifest is noted");
    tier().checkpoint(TierProgress.NONE);
    assertThat(tier().evict(id -> id.low() < 5)).isPositive();
    point("after an eviction");
    unanswered(Outcome.APPLIED_UNANSWERED, "a manifest is there and unanswered");
    unanswered(Outcome.NOT_APPLIED, "a manifest is not there and unanswered");
    tier().checkpoint(TierProgress.NONE);
    pointAt("putIfAbsent gc/boundary", "in a collection, before the boundary");
    assertThat(tier().collect(false).manifestsDeleted()).isPositive();
    point("after a collection");
    close();
    local = local(original());
    point("closed");
    pointAt(MANIFEST, "the second claim is noted");
    open();
    point("after the second claim");
    model.putRange(local, 30, 40, 4);
    model.delete(local, 31);
    tier().checkpoint(TierProgress.NONE);
    assertThat(tier().evict(id -> id.low() > 30)).isPositive();
    point("after the last eviction");
    model.put(local, 50, 1, 100);
    tier().checkpoint(TierProgress.NONE); // the last act
    close();
    return points;
  }

  private void unanswered(Outcome outcome, String name) {
    model.putRange(local, 20, 25, points.size());
    boolean[] sent = new boolean[1];
    objects.fault((request, key) -> {
      boolean manifest = key.startsWith("manifests/");
      if (manifest && request.equals("putIfAbsent")) {
        sent[0] = true;
        return outcome;
      }
      return sent[0] && manifest ? Outcome.NOT_APPLIED : Outcome.ANSWERED;
    });
    assertThatThrownBy(() -> tier().checkpoint(TierProgress.NONE))
        .isInstanceOf(TierUnavailableException.class);
    objects.heal();
    point(name);
    tier().checkpoint(TierProgress.NONE);
  }

  private Tier tier() {
    return Objects.requireNonNull(tier);
  }

  private void open() {
    tier = Opened.on(local, objects).tier();
  }

  /** Copies at the next request that begins like this, before it is applied. */
  private void pointAt(String request, String name) {
    objects.hold(sent -> {
      if (sent.startsWith(request)) {
        objects.hold(other -> {});
        point(name);
      }
    });
  }

  private void point(String name) {
    awaitMarked(local);
    int number = points.size();
    Path store = folder.resolve("store-" + number);
    Path objectsThen = folder.resolve("tier-" + number);
    copy(original(), store);
    copy(directory, objectsThen);
    points.add(new Point(name, store, objectsThen, model.copy(), local.durableEpoch()));
  }

  static void awaitMarked(LocalBlobStore store) {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (((TierSource) store).markedEpoch() < store.durableEpoch()
        && System.nanoTime() < deadline) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(((TierSource) store).markedEpoch()).isGreaterThanOrEqualTo(store.durableEpoch());
  }

  /** Copies a folder with all that is in it. */
  static void copy(Path from, Path to) {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (tier != null) {
      tier.close();
      tier = null;
    }
    local.close();
  }
}
