package io.ashlar.tier.checkpoint;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.SecondLook;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The object {@code gc/boundary}: a sequence that only rises. Manifests at or below it are dropped,
 * and their keys may be free.
 *
 * <ul>
 *   <li>A writer that created a manifest at or below it is fenced: the key was free only because
 *       the manifest that fenced it was deleted.
 *   <li>A reader takes its pin before it checks that the boundary is below its base. So a collector
 *       that raises the boundary and then lists the pins sees that pin. A reader that finds the
 *       boundary above its base plans again.
 * </ul>
 *
 * <p>It rises by compare-and-set only. So a late request of a writer that was fenced cannot lower
 * it. Where the object store has none that is real, it never rises, and no manifest is deleted.
 *
 * <p>Thread: any; there is no state.
 */
public final class Boundary {
  private static final int ATTEMPTS_MAX = 8;
  private static final int BYTES_MAX = 1024;

  private record Value(long sequence, String etag) {}

  private final ObjectStore objects;

  Boundary(ObjectStore objects) {
    this.objects = objects;
  }

  /**
   * Where it is; 0 if it was never set.
   *
   * @throws io.ashlar.store.CorruptionException if the object is damaged.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public long sequence() {
    return ManifestStore.read(
            objects, TierKeys.BOUNDARY, BYTES_MAX, TierManifestCodec::decodeBoundary)
        .orElse(0L);
  }

  /**
   * Raises it, and returns when it certainly is at {@code sequence} or above. What fails is not
   * repeated here; calling this again is harmless.
   *
   * @return false if this object store has no real compare-and-set.
   * @throws io.ashlar.store.CorruptionException if the object is damaged.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer; the outcome is unknown.
   */
  public boolean raise(long sequence) {
    return raise(sequence, false);
  }

  /**
   * Raises it for a repair, as {@link #raise} does; a damaged one is replaced.
   *
   * @param alone whether this is certainly the only writer of the prefix. Then a plain put raises
   *     the boundary where the object store has no real compare-and-set.
   */
  public boolean repair(long sequence, boolean alone) {
    if (raise(sequence, true)) {
      return true;
    }
    if (alone) {
      try {
        objects.put(TierKeys.BOUNDARY, ObjectBody.of(TierManifestCodec.encodeBoundary(sequence)));
        return true;
      } catch (ObjectStoreException e) {
        throw failed(e);
      }
    }
    return false;
  }

  /**
   * Whether it can rise here. If there is a boundary, it is replaced by itself to find that out.
   *
   * @throws TierUnavailableException if the object store does not answer.
   */
  public boolean canRise() {
    try (ObjectContent content = objects.get(TierKeys.BOUNDARY)) {
      byte[] same = content.stream().readNBytes(BYTES_MAX);
      var _ = objects.putIfMatch(TierKeys.BOUNDARY, ObjectBody.of(same), content.object().etag());
      return true;
    } catch (ObjectNotFoundException absent) {
      return true;
    } catch (ObjectStoreException e) {
      if (e.kind() == FailureKind.UNSUPPORTED) {
        return false;
      }
      throw failed(e);
    } catch (IOException e) {
      throw failed(new ObjectStoreException(String.valueOf(e.getMessage()), true, e));
    }
  }

  private boolean raise(long sequence, boolean overDamage) {
    ObjectStoreException reason = null;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      try {
        Value now = overDamage ? readOverDamage() : readTwice();
        if (now != null && now.sequence() >= sequence) {
          return true;
        }
        ObjectBody body = ObjectBody.of(TierManifestCodec.encodeBoundary(sequence));
        PutResult result =
            now == null
                ? objects.putIfAbsent(TierKeys.BOUNDARY, body)
                : objects.putIfMatch(TierKeys.BOUNDARY, body, now.etag());
        if (result.stored()) {
          return true;
        }
      } catch (ObjectStoreException e) {
        if (e.kind() == FailureKind.UNSUPPORTED) {
          return false;
        }
        reason = e;
        break;
      }
    }
    throw failed(reason);
  }

  private TierUnavailableException failed(@Nullable ObjectStoreException reason) {
    return new TierUnavailableException(
        "raising the boundary failed: object="
            + TierKeys.BOUNDARY
            + ", store="
            + objects
            + ", reason="
            + (reason == null ? "others keep raising it" : reason.getMessage()),
        reason);
  }

  private @Nullable Value readTwice() {
    return SecondLook.at(TierKeys.BOUNDARY, this::read, SecondLook::isBadAnswer).orElse(null);
  }

  /** As {@link #readTwice}; what is damaged both times counts as below every sequence. */
  private @Nullable Value readOverDamage() {
    try {
      return readTwice();
    } catch (CorruptionException damaged) {
      try (ObjectContent content = objects.get(TierKeys.BOUNDARY)) {
        return new Value(0, content.object().etag());
      } catch (ObjectNotFoundException goneMeanwhile) {
        return null;
      }
    }
  }

  private Optional<Value> read() {
    try (ObjectContent content = objects.get(TierKeys.BOUNDARY)) {
      return Optional.of(
          new Value(decode(content.stream().readNBytes(BYTES_MAX)), content.object().etag()));
    } catch (ObjectNotFoundException absent) {
      return Optional.empty();
    } catch (IOException e) {
      throw new ObjectStoreException("reading the boundary failed: " + e.getMessage(), true, e);
    }
  }

  private long decode(byte[] json) {
    try {
      return TierManifestCodec.decodeBoundary(json);
    } catch (ManifestFormatException e) {
      throw ManifestStore.refused(objects, TierKeys.BOUNDARY, e);
    }
  }
}
