package io.ashlar.tier;

import io.ashlar.store.BlobId;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.collect.Pins;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A small store and its tier after a scripted life, from which damaged copies are made: a few
 * checkpoints before and after a base, compaction, claims of two opens, pins and evictions. Thread:
 * one.
 */
final class DamagedTier {
  static final TierConfig CONFIG =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(64 << 10)
          .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0))
          .withCollection(
              CollectionConfig.DEFAULTS
                  .withIntervalMs(0)
                  .withRetainCount(2)
                  .withCompactBelowPercent(70));

  /** What is done to one object. */
  enum Damage {
    DELETED,
    EMPTIED,
    TRUNCATED,
    SHORTER_BY_A_BYTE,
    LONGER_BY_A_BYTE,
    FLIPPED_AT_THE_START,
    FLIPPED_IN_THE_MIDDLE,
    FLIPPED_AT_THE_END,
    /** By the bytes of another object of the same kind, or of another kind if there is none. */
    REPLACED
  }

  final TreeMap<String, byte[]> objects = new TreeMap<>();
  final BlobModel model = new BlobModel();

  /** Blobs that are in the tier only. */
  final Set<BlobId> evicted = new HashSet<>();

  private final Path folder;
  private int copies;

  DamagedTier(Path folder) throws Exception {
    this.folder = folder;
    InMemoryObjectStore live = new InMemoryObjectStore();
    try (LocalBlobStore store = open(folder.resolve("original"))) {
      try (Tier tier = tier(store, live)) {
        model.putRange(store, 0, 40, 1);
        tier.checkpoint(TierProgress.NONE);
        model.putRange(store, 8, 22, 2);
        model.delete(store, 3);
        model.delete(store, 4);
        tier.checkpoint(TierProgress.NONE);
        tier.evict(id -> id.low() % 3 == 0);
        model.putRange(store, 36, 60, 3);
        model.delete(store, 30);
        tier.checkpoint(TierProgress.NONE);
        model.putRange(store, 18, 26, 4);
        tier.checkpoint(TierProgress.NONE);
        tier.collect(false);
        model.putRange(store, 56, 64, 5);
        model.delete(store, 6);
        tier.checkpoint(TierProgress.NONE);
        model.putRange(store, 15, 17, 5);
        tier.checkpoint(TierProgress.NONE);
        tier.collect(false);
        model.putRange(store, 64, 68, 5);
        model.delete(store, 7);
        tier.checkpoint(TierProgress.NONE);
        try (Pins.Pinned pinned = Objects.requireNonNull(Pins.takeLatest(live, "a test"))) {
          objects.put(pinned.pin().key(), bytes(live, pinned.pin().key()));
        }
      }
      try (Tier tier = tier(store, live)) {
        model.putRange(store, 10, 14, 6);
        model.putRange(store, 70, 76, 6);
        tier.checkpoint(TierProgress.NONE);
        tier.evict(id -> id.low() % 4 == 0);
        model.putRange(store, 74, 90, 7);
        model.delete(store, 71);
        tier.checkpoint(TierProgress.NONE);
        tier.evict(id -> id.low() % 11 == 0);
        model.putRange(store, 30, 33, 8);
        model.delete(store, 58);
        tier.checkpoint(TierProgress.NONE);
      }
      store.forEach((high, low, length, local) -> {
        if (!local) {
          evicted.add(new BlobId(high, low));
        }
      });
    }
    live.listAll("").forEach(object -> objects.put(object.key(), bytes(live, object.key())));
  }

  static LocalBlobStore open(Path folder) {
    return LocalBlobStore.builder(folder).config(TierLife.SMALL).open();
  }

  static Tier tier(LocalBlobStore store, InMemoryObjectStore objects) {
    return Tier.builder(store, new Unclosed(objects)).config(CONFIG).open();
  }

  static byte[] bytes(InMemoryObjectStore objects, String key) {
    byte[] bytes = new byte[(int) Objects.requireNonNull(objects.head(key)).length()];
    if (bytes.length > 0) {
      objects.get(key, 0, MemorySegment.ofArray(bytes));
    }
    return bytes;
  }

  /** All keys, batches first. */
  List<String> keys() {
    return List.copyOf(objects.keySet());
  }

  /** The object's bytes after damage; null if it is gone. */
  byte @Nullable [] damaged(String key, Damage damage) {
    byte[] bytes = Objects.requireNonNull(objects.get(key));
    return switch (damage) {
      case DELETED -> null;
      case EMPTIED -> new byte[0];
      case TRUNCATED -> Arrays.copyOf(bytes, bytes.length / 2);
      case SHORTER_BY_A_BYTE -> Arrays.copyOf(bytes, bytes.length - 1);
      case LONGER_BY_A_BYTE -> Arrays.copyOf(bytes, bytes.length + 1);
      case FLIPPED_AT_THE_START -> flipped(bytes, Math.min(20, bytes.length - 1));
      case FLIPPED_IN_THE_MIDDLE -> flipped(bytes, bytes.length / 2);
      case FLIPPED_AT_THE_END -> flipped(bytes, bytes.length - 12);
      case REPLACED -> Objects.requireNonNull(objects.get(other(key)));
    };
  }

  private static byte[] flipped(byte[] bytes, int at) {
    byte[] flipped = bytes.clone();
    flipped[at] ^= 0x10;
    return flipped;
  }

  /** The object whose bytes replace another's: the next of its kind, or the last before it. */
  String other(String key) {
    if (key.equals(TierKeys.LATEST)) {
      return TierKeys.BOUNDARY;
    }
    if (key.equals(TierKeys.BOUNDARY)) {
      return TierKeys.LATEST;
    }
    String kind = key.substring(0, key.indexOf('/') + 1);
    List<String> same = objects.keySet().stream().filter(k -> k.startsWith(kind)).toList();
    int at = same.indexOf(key);
    return same.size() == 1 ? TierKeys.LATEST : same.get(at + 1 < same.size() ? at + 1 : at - 1);
  }

  /** A copy of the tier with one object damaged. */
  InMemoryObjectStore copy(String key, Damage damage) {
    InMemoryObjectStore copy = new InMemoryObjectStore();
    objects.forEach((each, bytes) -> {
      byte[] put = each.equals(key) ? damaged(key, damage) : bytes;
      if (put != null) {
        copy.put(each, ObjectBody.of(put));
      }
    });
    return copy;
  }

  /** Damages one more object of a copy, in what it was at first. */
  void damage(InMemoryObjectStore copy, String key, Damage damage) {
    byte[] bytes = damaged(key, damage);
    if (bytes == null) {
      var _ = copy.deleteAll(List.of(key));
    } else {
      copy.put(key, ObjectBody.of(bytes));
    }
  }

  /** A folder with a copy of the store's file, as it was when its life ended. */
  Path storeCopy() throws IOException {
    Path copy = Files.createDirectory(folder.resolve("copy" + copies++));
    Files.copy(folder.resolve("original/ashlar.data"), copy.resolve("ashlar.data"));
    return copy;
  }

  /** A new folder. */
  Path newFolder() {
    return folder.resolve("new" + copies++);
  }

  /** An object store that outlives its close. */
  static final class Unclosed extends io.ashlar.tier.object.FaultyObjectStore {
    Unclosed(InMemoryObjectStore below) {
      super(below);
    }
  }

  static List<String> keysOf(InMemoryObjectStore objects, String prefix) {
    return new ArrayList<>(objects.listAll(prefix).map(ObjectInfo::key).toList());
  }

  /** The bytes of every blob that a store holds locally or reads back. */
  static Map<BlobId, byte[]> contents(io.ashlar.store.BlobStore store) {
    Map<BlobId, byte[]> contents = new TreeMap<>();
    List<BlobId> ids = new ArrayList<>();
    store.forEach((high, low, length, local) -> ids.add(new BlobId(high, low)));
    for (BlobId id : ids) {
      byte[] bytes = new byte[(int) store.length(id)];
      store.get(id, MemorySegment.ofArray(bytes));
      contents.put(id, bytes);
    }
    return contents;
  }
}
