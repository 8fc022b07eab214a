package io.ashlar.tier.laminar;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.json.ManifestFormatException;
import io.ashlar.tier.laminar.CheckpointManifest.OperatorSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.PartitionSnapshotEntry;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.SecondLook;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Checkpoints in LaminarDB's layout: a directory of objects for each, a manifest that says what
 * they are, and a pointer to the newest. Where the objects are is {@link CheckpointPaths}'s.
 *
 * <p><b>Order of writing.</b> Partitions, then the manifest, then the pointer: a manifest names
 * only what is durable. A checkpoint without a manifest is none; {@link #listIncomplete} lists what
 * a crash left of one, and {@link #deleteCheckpoint} removes it.
 *
 * <p><b>Repeating</b> what fails is the object store's: give it a {@link
 * io.ashlar.tier.object.retry.RetryingObjectStore} (every {@code ObjectStores.open} of a remote URL
 * is one). Here only those compare-and-sets are repeated that lose against another writer, and
 * reads of what looks absent or damaged, once ({@link SecondLook}).
 *
 * <p>Nothing is encrypted, as LaminarDB's layout has no encryption.
 *
 * <p>Thread: any; there is no state but the store. Errors: {@link TierUnavailableException} if the
 * store does not answer; the outcome of a write is then unknown, and writing it again is safe.
 */
public final class Checkpointer {
  /** Longest object that is read as an artifact: what one segment of a batch could hold. */
  public static final long ARTIFACT_BYTES_MAX = 4L << 30;

  /** Most concurrent uploads. */
  public static final int UPLOADS_MAX = 1024;

  private static final int POINTER_BYTES_MAX = 256;
  private static final int POINTER_ATTEMPTS_MAX = 32;

  private final ObjectStore objects;
  private final CheckpointPaths paths;
  private final int uploadsMax;

  /**
   * @param objects where the checkpoints are; stays the caller's.
   * @param paths where in there.
   * @param uploadsMax uploads of {@link #savePartitions} at a time, 1 to {@link #UPLOADS_MAX}.
   */
  public Checkpointer(ObjectStore objects, CheckpointPaths paths, int uploadsMax) {
    if (uploadsMax < 1 || uploadsMax > UPLOADS_MAX) {
      throw new IllegalArgumentException(
          "uploadsMax must be 1 to " + UPLOADS_MAX + ": value=" + uploadsMax);
    }
    this.objects = objects;
    this.paths = paths;
    this.uploadsMax = uploadsMax;
  }

  /** Where the objects are. */
  public CheckpointPaths paths() {
    return paths;
  }

  /**
   * Writes a partition's whole state.
   *
   * @return its SHA-256 as 64 lower-case hexadecimal digits.
   */
  public String saveSnapshot(CheckpointId id, String operator, long partition, ObjectBody data) {
    return save(paths.snapshot(id, operator, partition), data);
  }

  /**
   * Writes a partition's changes since the parent checkpoint.
   *
   * @return their SHA-256 as 64 lower-case hexadecimal digits.
   */
  public String saveDelta(CheckpointId id, String operator, long partition, ObjectBody data) {
    return save(paths.delta(id, operator, partition), data);
  }

  String save(String key, ObjectBody data) {
    String sha256 = Sha256.hex(data);
    try {
      objects.put(key, data);
    } catch (ObjectStoreException e) {
      throw unavailable("writing a partition", key, e);
    }
    return sha256;
  }

  /**
   * Writes partitions, several at a time. If one fails, no more are begun, those in progress are
   * waited for, and everything that was or may have been written is deleted again.
   *
   * @param uploads each partition at most once as a whole and once as a delta.
   * @return the manifest's operators: every upload, in the order of {@code uploads}.
   * @throws IllegalArgumentException if two uploads would have the same key.
   * @throws TierUnavailableException if one failed; nothing is left, except what the message says
   *     could not be deleted.
   */
  public Map<String, OperatorSnapshotEntry> savePartitions(
      CheckpointId id, List<PartitionUpload> uploads) {
    return new PartitionUploads(this, objects, id, uploads).run(uploadsMax);
  }

  /**
   * Writes the manifest: when this returns, the checkpoint is there. Writing the same one again is
   * harmless.
   *
   * @throws IllegalStateException if the checkpoint has another manifest; it stays unchanged.
   */
  public void saveManifest(CheckpointManifest manifest) {
    byte[] json = CheckpointManifestCodec.encode(manifest);
    String key = paths.manifest(manifest.checkpointId());
    try {
      PutResult result = objects.putIfAbsent(key, ObjectBody.of(json));
      if (result.stored()) {
        return;
      }
    } catch (ObjectStoreException e) {
      throw unavailable("writing a manifest", key, e);
    }
    byte[] there = read(key, CheckpointManifestCodec.BYTES_MAX);
    if (there == null) {
      throw new TierUnavailableException(
          "a manifest was refused and is absent: object=" + key + ", store=" + objects, null);
    }
    if (!Arrays.equals(there, json)) {
      throw new IllegalStateException(
          "checkpoint has another manifest; save under a new id: object=" + key);
    }
  }

  /**
   * Reads a manifest.
   *
   * @return the manifest, or null if there is no such checkpoint.
   * @throws CorruptionException if it is damaged or another checkpoint's.
   * @throws FormatVersionException if it is of a version other than 2.
   */
  public @Nullable CheckpointManifest loadManifest(CheckpointId id) {
    return SecondLook.at(
            paths.manifest(id),
            () -> Optional.ofNullable(loadManifestOnce(id)),
            SecondLook::isBadAnswer)
        .orElse(null);
  }

  private @Nullable CheckpointManifest loadManifestOnce(CheckpointId id) {
    String key = paths.manifest(id);
    byte[] json = read(key, CheckpointManifestCodec.BYTES_MAX);
    if (json == null) {
      key = paths.slashlessManifest(id);
      json = read(key, CheckpointManifestCodec.BYTES_MAX);
    }
    if (json == null) {
      return null;
    }
    CheckpointManifest manifest;
    try {
      manifest = CheckpointManifestCodec.decode(json);
    } catch (ManifestFormatException e) {
      String message = e.getMessage() + ": object=" + key + ", store=" + objects;
      throw e.otherVersion() ? new FormatVersionException(message, e) : damaged(message, e);
    }
    if (!manifest.checkpointId().equals(id)) {
      throw damaged(
          "manifest is another checkpoint's: object=" + key + ", id=" + manifest.checkpointId(),
          null);
    }
    return manifest;
  }

  /**
   * Reads a partition's object and verifies its length and, if the manifest has one, its SHA-256.
   *
   * @param id the checkpoint whose manifest {@code entry} is from.
   * @param allocator where the bytes go: one allocation of exactly the object's length, and a
   *     second if the first answer was bad.
   * @throws CorruptionException if the object is absent, too long or not what the entry says.
   */
  public MemorySegment loadArtifact(
      CheckpointId id, PartitionSnapshotEntry entry, SegmentAllocator allocator) {
    return SecondLook.required(
        entry.path(), () -> loadArtifactOnce(id, entry, allocator), SecondLook::isBadAnswer);
  }

  private MemorySegment loadArtifactOnce(
      CheckpointId id, PartitionSnapshotEntry entry, SegmentAllocator allocator) {
    List<String> keys = paths.artifactKeys(id, entry.path());
    for (String key : keys) {
      MemorySegment data = load(key, entry.sizeBytes(), allocator);
      if (data != null) {
        String sha256 = entry.sha256();
        if (sha256 != null) {
          verifyIntegrity(key, data, sha256);
        }
        return data;
      }
    }
    throw damaged("artifact is missing: object=" + keys.getFirst() + ", store=" + objects, null);
  }

  private @Nullable MemorySegment load(String key, long expectedBytes, SegmentAllocator allocator) {
    try (ObjectContent content = objects.get(key)) {
      if (content.length() != expectedBytes || content.length() > ARTIFACT_BYTES_MAX) {
        throw new CorruptionException(
            "artifact's length is not what its manifest says, or too long: object="
                + key
                + ", expected="
                + Long.toUnsignedString(expectedBytes)
                + ", actual="
                + content.length(),
            null,
            -1,
            expectedBytes,
            content.length(),
            null);
      }
      MemorySegment data = allocator.allocate(content.length());
      content.readInto(data);
      return data;
    } catch (ObjectNotFoundException absent) {
      return null;
    } catch (ObjectStoreException e) {
      throw unavailable("reading an artifact", key, e);
    }
  }

  /**
   * Checks an artifact against its digest.
   *
   * @param path what to call it in the error.
   * @param sha256 64 hexadecimal digits.
   * @throws CorruptionException if they differ.
   */
  public static void verifyIntegrity(String path, MemorySegment data, String sha256) {
    String actual = Sha256.hex(data);
    if (!actual.equalsIgnoreCase(sha256)) {
      throw damaged(
          "artifact SHA-256 mismatch: object="
              + path
              + ", expected="
              + sha256
              + ", actual="
              + actual,
          null);
    }
  }

  /**
   * Sets the pointer to {@code id}, unless it names a later checkpoint already. Never goes back,
   * however many writers race.
   *
   * @return whether the pointer names {@code id} now.
   * @throws CorruptionException if the pointer is no checkpoint id: the prefix may be in use by
   *     something else.
   */
  public boolean updateLatest(CheckpointId id) {
    ObjectBody body = ObjectBody.of(id.toString().getBytes(StandardCharsets.US_ASCII));
    String key = paths.latest();
    for (int attempt = 0; attempt < POINTER_ATTEMPTS_MAX; attempt++) {
      try {
        Pointer pointer = readPointer();
        if (pointer != null && pointer.id().compareTo(id) >= 0) {
          return pointer.id().equals(id);
        }
        PutResult result =
            pointer == null
                ? objects.putIfAbsent(key, body)
                : objects.putIfMatch(key, body, pointer.etag());
        if (result.stored()) {
          return true;
        }
      } catch (ObjectStoreException e) {
        throw unavailable("updating the pointer", key, e);
      }
    }
    throw new TierUnavailableException(
        "updating the pointer lost against others too often: object="
            + key
            + ", attempts="
            + POINTER_ATTEMPTS_MAX,
        null);
  }

  private record Pointer(CheckpointId id, String etag) {}

  private @Nullable Pointer readPointer() {
    return SecondLook.at(
            paths.latest(), () -> Optional.ofNullable(readPointerOnce()), SecondLook::isBadAnswer)
        .orElse(null);
  }

  private @Nullable Pointer readPointerOnce() {
    String key = paths.latest();
    try (ObjectContent content = objects.get(key)) {
      String text =
          new String(content.stream().readNBytes(POINTER_BYTES_MAX), StandardCharsets.ISO_8859_1);
      try {
        return new Pointer(CheckpointId.parse(text.strip()), content.object().etag());
      } catch (IllegalArgumentException e) {
        throw damaged(
            "pointer is no checkpoint id (if nothing else uses this prefix, delete it): object="
                + key
                + ", store="
                + objects,
            e);
      }
    } catch (ObjectNotFoundException absent) {
      return null;
    } catch (IOException e) {
      throw unavailable("reading the pointer", key, e);
    }
  }

  /**
   * Reads the pointer. It is a hint: a later checkpoint may be there.
   *
   * @return what it names, or null if there is none.
   * @throws CorruptionException if it is no checkpoint id.
   */
  public @Nullable CheckpointId readLatest() {
    try {
      Pointer pointer = readPointer();
      return pointer == null ? null : pointer.id();
    } catch (ObjectStoreException e) {
      throw unavailable("reading the pointer", paths.latest(), e);
    }
  }

  /** Lists the checkpoints that have a manifest, oldest first. */
  public List<CheckpointId> listCheckpoints() {
    return CheckpointListing.read(objects, paths).complete();
  }

  /**
   * Lists those that have objects and no manifest, oldest first: being written just now, or left by
   * a crash. Deleting one is right only if its writer is known to be gone.
   */
  public List<CheckpointId> listIncomplete() {
    return CheckpointListing.read(objects, paths).incomplete();
  }

  /**
   * Deletes a checkpoint. Its manifest goes first, so that no reader starts on a checkpoint that is
   * being removed. Then all its objects go, those without the slash too. A listing that fails
   * deletes nothing. Children that build upon it cannot be restored afterwards; the pointer is left
   * alone.
   */
  public CheckpointDeletion deleteCheckpoint(CheckpointId id) {
    return CheckpointListing.delete(objects, paths, id);
  }

  private byte @Nullable [] read(String key, int bytesMax) {
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
      throw unavailable("reading an object", key, e);
    }
  }

  static TierUnavailableException unavailable(String what, String key, Exception e) {
    return new TierUnavailableException(
        what + " failed: object=" + key + ", reason=" + e.getMessage(), e);
  }

  private static CorruptionException damaged(String message, @Nullable Throwable cause) {
    return new CorruptionException(message, null, -1, 0, 0, cause);
  }
}
