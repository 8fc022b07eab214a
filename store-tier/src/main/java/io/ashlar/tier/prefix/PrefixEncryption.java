package io.ashlar.tier.prefix;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreOpenException;
import io.ashlar.store.WrongKeyException;
import io.ashlar.tier.batch.Encryption;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.ManifestChain;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.marked.TierObjects;
import io.ashlar.tier.readback.BatchReader;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a prefix may be written with the given keys, or without any. Forgotten keys must
 * not put plain text next to encrypted batches. Keys that come late must not hide that there is
 * plain text.
 *
 * <table>
 *   <caption>What becomes of it</caption>
 *   <tr><th>the newest manifest says</th><th>no keys</th><th>keys</th></tr>
 *   <tr><td>there is none</td><td>written without encryption</td><td>encrypted</td></tr>
 *   <tr><td>not encrypted</td><td>written without encryption</td>
 *       <td>refused unless no batch is there, or mixing is allowed; then encrypted from now
 *       on</td></tr>
 *   <tr><td>encrypted with a key</td>
 *       <td>refused unless mixing is allowed; then not encrypted from now on</td>
 *       <td>encrypted, if that key is among them; else refused</td></tr>
 *   <tr><td>not known, as an earlier release wrote it</td><td colspan="2">as the newest batch that
 *       is there says of itself</td></tr>
 * </table>
 *
 * <p>The claim of the writer says what was decided, so it is known from the first manifest on.
 *
 * <p>Thread: one. Made for one opening.
 */
public final class PrefixEncryption {
  private final TierObjects objects;
  private final ManifestStore manifests;
  private final boolean mixed;

  /**
   * @param mixed whether a prefix may hold batches that are encrypted and batches that are not.
   */
  PrefixEncryption(TierObjects objects, ManifestStore manifests, boolean mixed) {
    this.objects = objects;
    this.manifests = manifests;
    this.mixed = mixed;
  }

  /**
   * How batches are encrypted from now on.
   *
   * @param latest the newest manifest, or null if there is none.
   * @throws WrongKeyException if the newest batches are encrypted and no keys were given, or theirs
   *     is not among those.
   * @throws StoreOpenException if they are not encrypted, and keys were given.
   * @throws CorruptionException if an earlier release's manifests are damaged.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  Encryption admitted(@Nullable TierManifest latest) {
    Encryption now = Encryption.with(objects.keys());
    if (latest == null) {
      return now;
    }
    Encryption found = latest.collection().encryption();
    if (found.state() == Encryption.State.UNKNOWN) {
      found = ofNewestBatch(latest, now);
    }
    check(found, () -> hasBatches(latest));
    return now;
  }

  /**
   * How batches of a damaged prefix are encrypted from now on.
   *
   * @param newest the newest manifest that is left, or null.
   * @param batches every batch that is there, the oldest first.
   * @throws WrongKeyException as {@link #admitted}.
   * @throws StoreOpenException as {@link #admitted}.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  Encryption admittedToRepair(@Nullable TierManifest newest, List<TierKeys.BatchName> batches) {
    Encryption found = newest == null ? Encryption.UNKNOWN : newest.collection().encryption();
    BatchReader reader = new BatchReader(objects);
    for (TierKeys.BatchName name : batches.reversed()) {
      if (found.state() != Encryption.State.UNKNOWN) {
        break;
      }
      try {
        found = reader.encryption(TierKeys.batch(name.generation(), name.number(), name.id()));
      } catch (CorruptionException damaged) {
        // An older one tells, then.
      }
    }
    check(found, () -> !batches.isEmpty());
    return Encryption.with(objects.keys());
  }

  private void check(Encryption found, BooleanSupplier hasBatches) {
    FrameKeys keys = objects.keys();
    switch (found.state()) {
      case KEYED -> {
        if (keys != null) {
          checkReadable(objects, found);
        } else if (!mixed) {
          throw withoutKeys(found);
        }
      }
      case NONE -> {
        if (keys != null && !mixed && hasBatches.getAsBoolean()) {
          throw withPlainBatches();
        }
      }
      case UNKNOWN -> {}
    }
  }

  /**
   * Refuses keys with which the newest batches of a prefix cannot be read.
   *
   * @throws WrongKeyException if they are encrypted and their key is not there.
   */
  public static void checkReadable(TierObjects objects, Encryption found) {
    if (found.state() != Encryption.State.KEYED) {
      return;
    }
    FrameKeys keys = objects.keys();
    FrameKey key = keys == null ? null : keys.find(found.keyId());
    if (key == null || !found.isWith(key)) {
      throw new WrongKeyException(
          "the batches of this prefix are encrypted, and "
              + (keys == null
                  ? "no keys were given"
                  : key == null
                      ? "their key is not among those given"
                      : "another key was given under its id")
              + ": key id="
              + Integer.toUnsignedString(found.keyId())
              + ", prefix="
              + objects
              + "; open it with the key",
          null);
    }
  }

  private WrongKeyException withoutKeys(Encryption found) {
    return new WrongKeyException(
        "the batches of this prefix are encrypted, and no keys were given, so the next ones would"
            + " not be: key id="
            + Integer.toUnsignedString(found.keyId())
            + ", prefix="
            + objects
            + "; open it with the keys, or allow mixed encryption",
        null);
  }

  private StoreOpenException withPlainBatches() {
    return new StoreOpenException(
        "keys were given, and the batches of this prefix are not encrypted: prefix="
            + objects
            + "; tier to another prefix to have all of it encrypted, or allow mixed encryption to"
            + " encrypt what is uploaded from now on",
        null);
  }

  private boolean hasBatches(TierManifest latest) {
    return !latest.collection().held().isEmpty() || !newestFirst(latest).isEmpty();
  }

  private List<BatchReference> newestFirst(TierManifest latest) {
    return ManifestChain.read(manifests, latest).batchesNewestFirst();
  }

  /** What the newest batch that is there and whole says; {@code absent} if there is none. */
  private Encryption ofNewestBatch(TierManifest latest, Encryption absent) {
    BatchReader reader = new BatchReader(objects);
    for (BatchReference batch : newestFirst(latest)) {
      try {
        return reader.encryption(batch);
      } catch (CorruptionException lost) {
        // Opening does not need it; whatever does will say so.
      }
    }
    return absent;
  }
}
