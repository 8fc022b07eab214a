package io.ashlar.tier.collect;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.retry.RetryClock;
import io.ashlar.tier.readback.BatchReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Reads and verifies everything that the kept checkpoints need, and lists batches that nothing
 * needs.
 *
 * <table>
 *   <caption>What is verified</caption>
 *   <tr><th>object</th><th>against</th></tr>
 *   <tr><td>every manifest</td><td>its seal and its key</td></tr>
 *   <tr><td>the hint, the boundary, the pins</td><td>their seals</td></tr>
 *   <tr><td>every batch</td><td>the length, CRC-32C and counts in its manifest, and its own
 *       checksums of header, frames, index, footer and entries</td></tr>
 * </table>
 *
 * <p>It never deletes or writes anything. Retention may drop objects while it runs; so an object is
 * reported only if it is still needed.
 *
 * <p>Batches are read in the order of their names, so a later run can resume after the last name.
 *
 * <p>Thread: the caller's. Memory: one batch, and the references of all on the heap.
 */
public final class Scrub {
  private final ObjectStore objects;
  private final ManifestStore manifests;
  private final BatchReader reader;
  private final Options options;
  private final Listener listener;
  private final RetryClock clock;

  private long batchesRead;
  private long bytesRead;
  private long missing;
  private long damaged;
  private long orphans;
  private long orphanBytes;

  private Scrub(ObjectStore objects, Options options, Listener listener, RetryClock clock) {
    this.objects = objects;
    this.manifests = new ManifestStore(objects);
    this.reader = new BatchReader(new TierObjects(objects, options.keys()));
    this.options = options;
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * How to scrub.
   *
   * @param bytesPerSecondMax most bytes to read in a second on the average, 1 or more; 0 for no
   *     limit.
   * @param resumeAfter the name of the last batch that an earlier run read, or null for all.
   * @param keys the keys of the tier's batches; null if they are not encrypted.
   */
  public record Options(
      long bytesPerSecondMax, @Nullable String resumeAfter, @Nullable FrameKeys keys) {
    /** Everything, at once, of a tier that is not encrypted. */
    public static final Options ALL = new Options(0, null, null);

    /** Validates every setting. */
    public Options {
      if (bytesPerSecondMax < 0) {
        throw new IllegalArgumentException(
            "bytesPerSecondMax must be 0 or more: " + bytesPerSecondMax);
      }
      if (resumeAfter != null && TierKeys.batchName(resumeAfter) == null) {
        throw new IllegalArgumentException(
            "resumeAfter is not the name of a batch: " + resumeAfter);
      }
    }
  }

  /** What is wrong with an object. */
  public enum Problem {
    /** Something that is kept needs it, and it is not there. */
    MISSING,
    /** Something that is kept needs it, and it is not what was written. */
    DAMAGED,
    /** Nothing that is kept needs it; a collection will delete it. No damage. */
    ORPHANED
  }

  /** Receives the progress and the findings of a scrub, on its thread. */
  public interface Listener {
    /** Reports once how much there is to read. */
    default void onTotal(long batches, long bytes) {}

    /**
     * Reports progress after each batch.
     *
     * @param name the batch's, after which another run can resume.
     */
    default void onBatch(String name, long batches, long bytes) {}

    /** Reports an object with a problem. */
    default void onProblem(Problem problem, String object, String message) {}
  }

  /**
   * What a scrub found.
   *
   * @param manifests manifests that were read.
   * @param batches batches that were read.
   * @param bytes their bytes.
   * @param missing objects that are not there.
   * @param damaged objects that are not what was written.
   * @param orphans batches that nothing needs.
   * @param orphanBytes their bytes.
   */
  public record Report(
      long manifests,
      long batches,
      long bytes,
      long missing,
      long damaged,
      long orphans,
      long orphanBytes) {
    /** Whether everything that is needed is there and whole. */
    public boolean clean() {
      return missing == 0 && damaged == 0;
    }
  }

  /**
   * Scrubs a tier.
   *
   * @throws StoreOpenException if there is none.
   * @throws io.ashlar.store.WrongKeyException if a batch is encrypted, and its key is not given.
   * @throws FormatVersionException if a later release wrote the newest manifest.
   * @throws CorruptionException if the newest manifest is gone or damaged, or the boundary is,
   *     which was reported before: what is needed is then not known.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer: resume
   *     after the last batch.
   */
  public static Report run(ObjectStore objects, Options options, Listener listener) {
    return run(objects, options, listener, RetryClock.system());
  }

  static Report run(ObjectStore objects, Options options, Listener listener, RetryClock clock) {
    return new Scrub(objects, options, listener, clock).run();
  }

  private Report run() {
    check(TierKeys.LATEST, manifests::checkedHint);
    check(TierKeys.BOUNDARY, () -> manifests.boundary().sequence());
    TierManifest latest = manifests.latest();
    if (latest == null) {
      throw new StoreOpenException(
          "there is nothing to scrub: no manifest is below this prefix: prefix=" + objects, null);
    }
    List<TierManifest> kept = kept(latest);
    SortedMap<String, BatchReference> needed = new TreeMap<>();
    LiveBatches live = new LiveBatches();
    for (TierManifest manifest : kept) {
      live.addAll(manifest);
      live.addNames(manifest.collection().pendingDeletes());
      manifest.batches().forEach(batch -> needed.put(batch.name(), batch));
    }
    Deletions.Pinned pinned =
        new Deletions(objects, manifests).pinned(latest.collection().boundary());
    reportOrphans(latest, live, pinned);
    for (String record : latest.collection().lost()) {
      check(record, () -> reader.read(record, null).close());
    }
    Pins.list(objects).forEach(pin -> check(pin.key(), () -> Pins.check(objects, pin.key())));
    String after = options.resumeAfter();
    SortedMap<String, BatchReference> left = after == null ? needed : needed.tailMap(after + "\0");
    listener.onTotal(left.size(), left.values().stream().mapToLong(BatchReference::bytes).sum());
    long startNs = clock.nowNs();
    for (Map.Entry<String, BatchReference> batch : left.entrySet()) {
      read(batch.getValue());
      listener.onBatch(batch.getKey(), batchesRead, bytesRead);
      pace(startNs);
    }
    return new Report(kept.size(), batchesRead, bytesRead, missing, damaged, orphans, orphanBytes);
  }

  private void check(String object, Runnable read) {
    try {
      read.run();
    } catch (CorruptionException e) {
      boolean absent = e.getCause() instanceof ObjectNotFoundException;
      problem(absent ? Problem.MISSING : Problem.DAMAGED, object, String.valueOf(e.getMessage()));
    }
  }

  /** Reads every manifest above the boundary, one after the other. */
  private List<TierManifest> kept(TierManifest latest) {
    List<TierManifest> kept = new ArrayList<>();
    for (long s = latest.collection().boundary() + 1; s < latest.sequence(); s++) {
      try {
        TierManifest manifest = manifests.find(s);
        if (manifest != null) {
          kept.add(manifest);
        } else if (manifests.boundary().sequence() < s) {
          problem(Problem.MISSING, TierKeys.manifest(s), "manifest is missing");
        }
      } catch (CorruptionException e) {
        problem(Problem.DAMAGED, TierKeys.manifest(s), String.valueOf(e.getMessage()));
      }
    }
    kept.add(latest);
    return kept;
  }

  private void reportOrphans(TierManifest latest, LiveBatches live, Deletions.Pinned pinned) {
    Listings.forEach(
        objects,
        TierKeys.BATCHES,
        object -> {
          TierKeys.BatchName name = TierKeys.batchName(object.key());
          boolean settled =
              name != null
                  && (name.generation() < latest.generation()
                      || (name.generation() == latest.generation()
                          && name.number() < latest.collection().minInflight()));
          if (settled && !live.contains(object.key()) && !pinned.mayNeed(object.key())) {
            reportOrphan(object);
          }
          return true;
        });
  }

  private void reportOrphan(ObjectInfo object) {
    orphanBytes += object.length();
    problem(Problem.ORPHANED, object.key(), "nothing that is kept needs it");
  }

  private void read(BatchReference batch) {
    bytesRead += batch.bytes();
    try {
      reader.read(batch).close();
    } catch (CorruptionException e) {
      if (isStillNeeded(batch.name())) {
        boolean absent = e.getCause() instanceof ObjectNotFoundException;
        problem(
            absent ? Problem.MISSING : Problem.DAMAGED,
            batch.name(),
            String.valueOf(e.getMessage()));
      }
    }
    batchesRead++;
  }

  /** Whether retention has not dropped everything that listed a batch meanwhile. */
  private boolean isStillNeeded(String name) {
    TierManifest latest = manifests.latest();
    if (latest == null) {
      return true;
    }
    for (long s = latest.collection().boundary() + 1; s <= latest.sequence(); s++) {
      try {
        TierManifest manifest = manifests.find(s);
        if (manifest != null && manifest.batches().stream().anyMatch(b -> b.name().equals(name))) {
          return true;
        }
      } catch (CorruptionException reported) {
        // It was, or will be; what it lists is not known.
      }
    }
    return false;
  }

  private void problem(Problem problem, String object, String message) {
    switch (problem) {
      case MISSING -> missing++;
      case DAMAGED -> damaged++;
      case ORPHANED -> orphans++;
    }
    listener.onProblem(problem, object, message);
  }

  /** Waits until the bytes read so far are as many as the limit allows. */
  private void pace(long startNs) {
    if (options.bytesPerSecondMax() == 0) {
      return;
    }
    double dueNs = bytesRead * 1e9 / options.bytesPerSecondMax();
    long waitNs = (long) dueNs - (clock.nowNs() - startNs);
    if (waitNs <= 0) {
      return;
    }
    try {
      var _ = clock.pause(waitNs, new CountDownLatch(1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new io.ashlar.store.TierUnavailableException(
          "interrupted", new ObjectStoreException("interrupted", false, e));
    }
  }
}
