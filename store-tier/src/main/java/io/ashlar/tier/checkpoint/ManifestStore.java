package io.ashlar.tier.checkpoint;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.FencedException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.store.StoreException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.request.SecondLook;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The manifests of one tier, as objects: finds the newest, reads one, and commits the next so that
 * exactly one writer succeeds.
 *
 * <p><b>Newest.</b> The hint {@code _latest} is written after its manifest, so what it names, or a
 * later one, must exist. If not, objects were lost, which is an error. It may be stale, so later
 * sequences are probed until one is absent. Dropped manifests are absent too, so where the probing
 * ended is good only if it lies above the {@linkplain Boundary boundary} as read afterwards; if
 * not, or without a hint, the manifests are listed.
 *
 * <p><b>One bad answer is no damage.</b> If a manifest, hint or boundary looks absent or damaged,
 * it is read once more before that is believed ({@link SecondLook}). The same holds for the search
 * for the newest.
 *
 * <p><b>Commit.</b> A manifest is created only if its key is free. Any answer but "stored" (412,
 * 409, 5xx, none) says nothing about our own request. It may have been applied, or may be applied
 * later. So the object is read, and its put id decides. Ours: committed. Another's: fenced. Absent:
 * the outcome stays unknown, and the writer sends the same manifest again before anything else. A
 * sequence at or below the boundary was free only because its manifest was dropped: fenced, too.
 * Repeating requests is the object store's ({@link
 * io.ashlar.tier.object.retry.RetryingObjectStore}).
 *
 * <p>Thread: any; there is no state. An interrupt is not handled here: a request that it breaks
 * counts as unanswered.
 */
public final class ManifestStore {
  private static final int PROBES_MAX = 64;
  private static final int LATEST_ATTEMPTS_MAX = 8;

  private final ObjectStore objects;
  private final Boundary boundary;

  /** The manifests below the root of {@code objects}, which stays the caller's. */
  public ManifestStore(ObjectStore objects) {
    this.objects = objects;
    this.boundary = new Boundary(objects);
  }

  /** Below which manifests are dropped. */
  public Boundary boundary() {
    return boundary;
  }

  /**
   * Reads one manifest.
   *
   * @return the manifest, or null if there is none of that sequence.
   * @throws CorruptionException if it is no manifest, not what was sealed, or not the one its key
   *     says.
   * @throws FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public @Nullable TierManifest find(long sequence) {
    String key = TierKeys.manifest(sequence);
    return read(
            objects,
            key,
            TierManifestCodec.BYTES_MAX,
            json -> checked(TierManifestCodec.decode(json), sequence, key))
        .orElse(null);
  }

  private TierManifest checked(TierManifest manifest, long sequence, String key) {
    if (manifest.sequence() != sequence) {
      throw new CorruptionException(
          "manifest is not the one its key says: object=" + key + ", store=" + objects,
          null,
          -1,
          sequence,
          manifest.sequence(),
          null);
    }
    return manifest;
  }

  /** What stands for a manifest that {@link #find} did not find, as the cause of a failure. */
  ObjectNotFoundException absent(long sequence) {
    return new ObjectNotFoundException(objects.toString(), TierKeys.manifest(sequence), null);
  }

  /**
   * Finds the newest manifest.
   *
   * @return the manifest, or null if there is none at all.
   * @throws CorruptionException if the manifest that the hint names is gone or damaged.
   * @throws FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public @Nullable TierManifest latest() {
    return SecondLook.at(
            TierKeys.LATEST,
            () -> Optional.ofNullable(newest()),
            CorruptionException.class::isInstance)
        .orElse(null);
  }

  private @Nullable TierManifest newest() {
    long hint = hinted();
    TierManifest found = hint == 0 ? null : find(hint);
    for (int attempt = 0; attempt < LATEST_ATTEMPTS_MAX; attempt++) {
      if (found == null) {
        long listed = listedAfter(0);
        if (listed < hint) {
          throw gone(hint);
        }
        if (listed == 0) {
          return null;
        }
        found = find(listed); // null if it was dropped meanwhile: there is a later one
      }
      if (found != null) {
        found = probed(found);
        // Read last: what was absent after it was absent then, and not dropped before.
        if (boundary.sequence() < found.sequence()) {
          return found;
        }
        found = null;
      }
    }
    throw new TierUnavailableException(
        "manifests are dropped while the newest is looked for: store=" + objects, null);
  }

  private CorruptionException gone(long sequence) {
    return new CorruptionException(
        "the newest manifest is gone; "
            + Remedy.REPAIR_OR_RESTORE
            + ": object="
            + TierKeys.manifest(sequence)
            + ", store="
            + objects,
        null,
        -1,
        sequence,
        0,
        null);
  }

  /** Returns the last manifest of the unbroken run that begins at {@code from}. */
  private TierManifest probed(TierManifest from) {
    TierManifest found = from;
    for (int probes = 1; ; probes++) {
      TierManifest next = find(found.sequence() + 1);
      if (next == null) {
        return found;
      }
      found = next;
      if (probes % PROBES_MAX == 0) {
        long listed = listedAfter(found.sequence());
        TierManifest later = listed == 0 ? null : find(listed);
        found = later == null ? found : later;
      }
    }
  }

  private long hinted() {
    try {
      return checkedHint().sequence();
    } catch (CorruptionException | FormatVersionException onlyAHint) {
      return 0; // listing finds what it would have named
    }
  }

  /**
   * Reads the hint as a scrub does.
   *
   * @return what it says; {@link TierManifestCodec.Hint#NONE} if there is none.
   * @throws CorruptionException if it is damaged: {@link #latest} then lists instead.
   * @throws FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public TierManifestCodec.Hint checkedHint() {
    return read(
            objects, TierKeys.LATEST, TierManifestCodec.BYTES_MAX, TierManifestCodec::decodeHint)
        .orElse(TierManifestCodec.Hint.NONE);
  }

  /** What an object that its codec refused means, with its key. */
  static StoreException refused(ObjectStore objects, String key, ManifestFormatException e) {
    String message = e.getMessage() + ": object=" + key + ", store=" + objects;
    return e.otherVersion()
        ? new FormatVersionException(message, e)
        : new CorruptionException(message, null, -1, e.expected(), e.actual(), e);
  }

  /** Returns the greatest sequence of a manifest after {@code sequence}, or 0 if there is none. */
  private long listedAfter(long sequence) {
    long last = 0;
    String after = sequence == 0 ? null : TierKeys.manifest(sequence);
    while (true) {
      ObjectPage page;
      try {
        page = objects.list(TierKeys.MANIFESTS, after);
      } catch (ObjectStoreException e) {
        throw new TierUnavailableException("listing manifests failed: " + e.getMessage(), e);
      }
      for (ObjectInfo object : page.objects()) {
        last = Math.max(last, TierKeys.manifestSequence(object.key()));
      }
      if (!page.more() || page.objects().isEmpty()) {
        return last;
      }
      after = page.objects().getLast().key();
    }
  }

  /**
   * Commits a manifest: when this returns it is durable under its key. The same manifest may be
   * committed again after a failure; a writer must never commit two of one sequence.
   *
   * @throws FencedException if another writer's manifest has the sequence: this one is not and will
   *     never be in the chain.
   * @throws TierUnavailableException if the object store does not answer; the outcome is unknown.
   */
  public void commit(TierManifest manifest) {
    commit(manifest, true);
  }

  /**
   * Commits the claim of a repair, which lies above all that is known. As {@link #commit}, but for
   * the boundary: that may be damaged, and is raised to just below the claim next.
   */
  public void commitAboveAll(TierManifest manifest) {
    commit(manifest, false);
  }

  private void commit(TierManifest manifest, boolean checkBoundary) {
    String key = manifest.key();
    Exception reason = null;
    try {
      if (objects.putIfAbsent(key, ObjectBody.of(TierManifestCodec.encode(manifest))).stored()) {
        if (checkBoundary) {
          checkAboveBoundary(manifest);
        }
        return;
      }
    } catch (ObjectStoreException e) {
      reason = e;
    }
    try {
      boolean ours = isOurs(manifest);
      if (checkBoundary) {
        checkAboveBoundary(manifest); // what stood in the way may be dropped by now, too
      }
      if (ours) {
        return;
      }
    } catch (TierUnavailableException e) {
      reason = e;
    }
    throw new TierUnavailableException(
        "committing a manifest failed, outcome unknown: object="
            + key
            + ", store="
            + objects
            + ", reason="
            + (reason == null ? "refused, and absent" : reason.getMessage()),
        reason);
  }

  /** Whether the object under its key is this manifest; false if there is none. */
  private boolean isOurs(TierManifest manifest) {
    TierManifest there;
    try {
      there = find(manifest.sequence());
    } catch (CorruptionException | FormatVersionException e) {
      throw fenced(manifest, "a manifest that cannot be read", e);
    }
    if (there != null && !there.putId().equals(manifest.putId())) {
      throw fenced(
          manifest,
          "store "
              + Long.toHexString(there.storeId())
              + ", generation "
              + there.generation()
              + ", incarnation "
              + there.incarnation(),
          null);
    }
    return there != null;
  }

  /** Step 4 of the protocol: a manifest that was dropped must not be made again. */
  private void checkAboveBoundary(TierManifest manifest) {
    long dropped;
    try {
      dropped = boundary.sequence();
    } catch (CorruptionException e) {
      throw Remedy.added(e);
    }
    if (manifest.sequence() <= dropped) {
      throw fenced(manifest, "one whose collection has passed sequence " + dropped, null);
    }
  }

  private FencedException fenced(TierManifest manifest, String by, @Nullable StoreException cause) {
    return new FencedException(
        "another writer took over this prefix: by="
            + by
            + ", object="
            + manifest.key()
            + ", store="
            + objects
            + ", our generation="
            + manifest.generation(),
        cause);
  }

  /**
   * Checks that no manifest follows {@code last}, with two requests, and each is sent again if it
   * finds nothing.
   *
   * @throws FencedException if one does: another writer took over.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public void checkStillLast(TierManifest last) {
    String next = TierKeys.manifest(last.sequence() + 1);
    try {
      if (SecondLook.head(objects, next) != null) {
        throw new FencedException(
            "another writer took over this prefix: object=" + next + ", store=" + objects, null);
      }
    } catch (ObjectStoreException e) {
      throw new TierUnavailableException("asking for a manifest failed: " + e.getMessage(), e);
    }
    checkAboveBoundary(last); // afterwards: what follows may have been dropped
  }

  /** Writes the hint. A failure is harmless and ignored: readers probe onwards. */
  public void hint(TierManifest latest) {
    try {
      objects.put(TierKeys.LATEST, ObjectBody.of(TierManifestCodec.encodeHint(latest)));
    } catch (ObjectStoreException ignored) {
      // Stale now; the next manifest's hint, or probing, makes up for it.
    }
  }

  /** Makes of an object's bytes what they say. */
  @FunctionalInterface
  public interface Decoder<T> {
    /**
     * Decodes.
     *
     * @throws ManifestFormatException if it is damaged, or a later release wrote it.
     * @throws CorruptionException if it is another object.
     */
    T decode(byte[] bytes);
  }

  /**
   * Reads and decodes a small object; what looks absent or damaged is asked for once more.
   *
   * @return what it says; empty if it is absent.
   * @throws CorruptionException if it is damaged, or longer than {@code bytesMax}.
   * @throws FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static <T> Optional<T> read(
      ObjectStore objects, String key, int bytesMax, Decoder<T> decoder) {
    return SecondLook.at(
        key, () -> readOnce(objects, key, bytesMax, decoder), SecondLook::isBadAnswer);
  }

  private static <T> Optional<T> readOnce(
      ObjectStore objects, String key, int bytesMax, Decoder<T> decoder) {
    byte[] bytes = bytes(objects, key, bytesMax);
    try {
      return bytes == null ? Optional.empty() : Optional.of(decoder.decode(bytes));
    } catch (ManifestFormatException e) {
      throw refused(objects, key, e);
    }
  }

  private static byte @Nullable [] bytes(ObjectStore objects, String key, int bytesMax) {
    try (ObjectContent content = objects.get(key)) {
      if (content.length() > bytesMax) {
        throw new CorruptionException(
            "object is too long: object=" + key + ", store=" + objects,
            null,
            -1,
            bytesMax,
            content.length(),
            null);
      }
      return content.stream().readAllBytes();
    } catch (ObjectNotFoundException absent) {
      return null;
    } catch (IOException | ObjectStoreException e) {
      throw new TierUnavailableException(
          "reading an object failed: object="
              + key
              + ", store="
              + objects
              + ", reason="
              + e.getMessage(),
          e);
    }
  }
}
