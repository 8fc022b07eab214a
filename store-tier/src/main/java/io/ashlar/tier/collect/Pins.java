package io.ashlar.tier.collect;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.checkpoint.ManifestStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.json.SealedJson;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Pins: objects by which readers keep a checkpoint from being collected. A restore takes one before
 * it plans and releases it at its end; a follower moves from one to the next.
 *
 * <pre>{@code
 * try (Pins.Pinned pinned = Pins.takeLatest(objects, "restore on host a")) {
 *   ManifestChain chain = ManifestChain.read(manifests, pinned.manifest());
 *   ... // none of its batches goes away
 * }
 * }</pre>
 *
 * <p><b>The object</b> is {@code pins/{sequence}-{uuid7}}. Only its key counts. Its JSON, {@code
 * {"version": 2, "sequence": …, "owner": "…", "createdMs": …, "expiresMs": …}} and a {@linkplain
 * SealedJson seal}, is information for people. A pin never expires by a clock, and a damaged pin
 * still pins. Version 1, of earlier releases, has no seal. One that its owner did not live to
 * release is listed by {@code ashlar checkpoints} and is deleted by hand.
 *
 * <p><b>Why no checkpoint is lost between planning and pinning.</b> The pin is created first; then
 * the manifest is read, and last the {@linkplain io.ashlar.tier.checkpoint.Boundary boundary}. A
 * collector raises the boundary first and lists the pins afterwards. So if the reader finds the
 * boundary below the checkpoint's base, the collector finds the pin. If not, the reader gives the
 * pin up and looks for another checkpoint. What lies above the boundary is not deleted at all.
 *
 * <p>Thread: any; there is no state.
 */
public final class Pins {
  /** Most pins that are listed. */
  static final int PINS_MAX = 100_000;

  private static final int VERSION = 2;
  private static final String UNSEALED_START = "{\"version\":1,";
  private static final int BYTES_MAX = 4096;
  private static final int ATTEMPTS_MAX = 8;
  private static final long EXPIRY_MS = 24 * 3_600_000L;
  private static final JsonFactory JSON = new JsonFactory();

  private Pins() {}

  /** A pin that is held. Closing releases it. */
  public static final class Pin implements AutoCloseable {
    private final ObjectStore objects;
    private final String key;

    private Pin(ObjectStore objects, String key) {
      this.objects = objects;
      this.key = key;
    }

    /** The pin's own object. */
    public String key() {
      return key;
    }

    /**
     * Releases it. Idempotent. A failure is not thrown, as the work for which it was taken is done:
     * the pin then stays until it is deleted by hand.
     *
     * @return whether it is certainly released.
     */
    public boolean release() {
      try {
        return objects.deleteAll(List.of(key)).failed().isEmpty();
      } catch (ObjectStoreException | IllegalStateException e) {
        return false;
      }
    }

    @Override
    public void close() {
      var _ = release();
    }
  }

  /**
   * A checkpoint and the pin that keeps it. Closing releases the pin.
   *
   * @param pin the pin.
   * @param manifest the checkpoint's manifest.
   */
  public record Pinned(Pin pin, TierManifest manifest) implements AutoCloseable {
    @Override
    public void close() {
      pin.close();
    }
  }

  /**
   * Pins a checkpoint.
   *
   * @param objects the tier; stays the caller's, and open until the pin is released.
   * @param sequence the manifest's sequence.
   * @param owner who reads, for people; at most 200 characters are kept.
   * @return the checkpoint; or null if there is no such manifest, or it was dropped.
   * @throws CorruptionException if the manifest is damaged.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static @Nullable Pinned take(ObjectStore objects, long sequence, String owner) {
    Pin pin = create(objects, sequence, owner);
    Pinned pinned = null;
    try {
      ManifestStore manifests = new ManifestStore(objects);
      TierManifest manifest = manifests.find(sequence);
      if (manifest != null
          && manifests.boundary().sequence() < manifest.collection().baseSequence()) {
        pinned = new Pinned(pin, manifest);
      }
      return pinned;
    } finally {
      if (pinned == null) {
        pin.close();
      }
    }
  }

  /**
   * Pins the newest checkpoint.
   *
   * @return the checkpoint, or null if there is no manifest at all.
   * @throws CorruptionException if the newest manifest is gone or damaged.
   * @throws io.ashlar.store.FormatVersionException if a later release wrote it.
   * @throws TierUnavailableException if the object store does not answer, or checkpoints are
   *     dropped as fast as they are found.
   */
  public static @Nullable Pinned takeLatest(ObjectStore objects, String owner) {
    ManifestStore manifests = new ManifestStore(objects);
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      TierManifest latest = manifests.latest();
      if (latest == null) {
        return null;
      }
      Pinned pinned = take(objects, latest.sequence(), owner);
      if (pinned != null) {
        return pinned;
      }
    }
    throw new TierUnavailableException(
        "checkpoints are dropped while one is pinned: store=" + objects, null);
  }

  private static Pin create(ObjectStore objects, long sequence, String owner) {
    String key = TierKeys.pin(sequence, TierManifest.newId());
    ObjectBody body = ObjectBody.of(json(sequence, owner));
    Pin pin = new Pin(objects, key);
    try {
      // The key is ours alone: if something is there, an unanswered attempt has put it.
      var _ = objects.putIfAbsent(key, body);
      return pin;
    } catch (ObjectStoreException e) {
      pin.close(); // it may be there
      throw new TierUnavailableException(
          "pinning a checkpoint failed: object="
              + key
              + ", store="
              + objects
              + ", reason="
              + e.getMessage(),
          e);
    }
  }

  private static byte[] json(long sequence, String owner) {
    long nowMs = System.currentTimeMillis();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes, JsonEncoding.UTF8)) {
      json.writeStartObject();
      json.writeNumberField("version", VERSION);
      json.writeNumberField("sequence", sequence);
      json.writeStringField("owner", owner.substring(0, Math.min(200, owner.length())));
      json.writeNumberField("createdMs", nowMs);
      json.writeNumberField("expiresMs", nowMs + EXPIRY_MS);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return SealedJson.seal(bytes.toByteArray());
  }

  /**
   * Verifies the object of a pin; nothing depends on it but what people read.
   *
   * @throws CorruptionException if it is damaged. One that is absent was released.
   * @throws TierUnavailableException if the object store does not answer.
   */
  static void check(ObjectStore objects, String key) {
    var _ =
        ManifestStore.read(
            objects,
            key,
            BYTES_MAX,
            json -> {
              checkSeal(objects, key, json);
              return key;
            });
  }

  private static void checkSeal(ObjectStore objects, String key, byte[] json) {
    try {
      if (SealedJson.verify(json)) {
        return;
      }
    } catch (ManifestFormatException e) {
      throw damaged(objects, key, String.valueOf(e.getMessage()), e.expected(), e.actual());
    }
    if (!new String(json, StandardCharsets.UTF_8).startsWith(UNSEALED_START)) {
      throw damaged(objects, key, "checksum is missing", -1, 0);
    }
  }

  /**
   * Writes the object of each damaged pin anew; its key stays, and with it what it pins.
   *
   * @param alone whether a pin is written blindly where the object store has no put-if-match. One
   *     that is released meanwhile would then stay.
   * @return how many were mended.
   * @throws TierUnavailableException if the object store does not answer.
   */
  public static long mend(ObjectStore objects, boolean alone) {
    long mended = 0;
    for (ObjectInfo pin : list(objects)) {
      try {
        check(objects, pin.key());
        continue;
      } catch (CorruptionException damaged) {
        // Then write it anew.
      }
      ObjectBody body = ObjectBody.of(json(TierKeys.pinnedSequence(pin.key()), "unknown, mended"));
      try {
        ObjectInfo there = objects.head(pin.key());
        mended += there != null && put(objects, there, body, alone) ? 1 : 0;
      } catch (ObjectStoreException e) {
        throw new TierUnavailableException("mending a pin failed: " + e.getMessage(), e);
      }
    }
    return mended;
  }

  private static boolean put(ObjectStore objects, ObjectInfo pin, ObjectBody body, boolean alone) {
    try {
      return objects.putIfMatch(pin.key(), body, pin.etag()).stored();
    } catch (ObjectStoreException e) {
      if (e.kind() != FailureKind.UNSUPPORTED) {
        throw e;
      }
      return alone && objects.put(pin.key(), body) != null;
    }
  }

  private static CorruptionException damaged(
      ObjectStore objects, String key, String what, long expected, long actual) {
    return new CorruptionException(
        "pin is damaged: " + what + ": object=" + key + ", store=" + objects,
        null,
        -1,
        expected,
        actual,
        null);
  }

  /**
   * All pins.
   *
   * @return their objects, by sequence.
   * @throws TierUnavailableException if the object store does not answer, or if there are more than
   *     100,000: a collection that does not know all pins must not delete.
   */
  public static List<ObjectInfo> list(ObjectStore objects) {
    List<ObjectInfo> pins = new ArrayList<>();
    Listings.forEach(
        objects,
        TierKeys.PINS,
        object -> {
          if (TierKeys.pinnedSequence(object.key()) > 0) {
            pins.add(object);
          }
          return pins.size() <= PINS_MAX;
        });
    if (pins.size() > PINS_MAX) {
      throw new TierUnavailableException("too many pins: store=" + objects, null);
    }
    return pins;
  }
}
