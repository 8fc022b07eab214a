package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.key.FrameKey;
import io.ashlar.tier.key.FrameKeyRing;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.RequestLimits;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import io.ashlar.tier.object.s3.S3TestServer;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * No order of wrappers around an object store takes the keys away: a store is tiered, its batches
 * rewritten, its key changed, and then every object below the prefix is searched, name and content,
 * for the values and ids that were put.
 */
@Tag("campaign")
class TierPlaintextTest {
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS
          .withIntervalMs(0)
          .withBatchBytesTarget(128 << 10)
          .withCollection(
              CollectionConfig.DEFAULTS
                  .withIntervalMs(0)
                  .withRetainCount(1)
                  .withCompactBelowPercent(90));

  private static final FrameKey ONE = FrameKey.of(1, new byte[16]);
  private static final FrameKey TWO = FrameKey.of(2, new byte[32]);
  private static final FrameKeys FIRST = new FrameKeyRing(ONE, List.of());
  private static final FrameKeys BOTH = new FrameKeyRing(TWO, List.of(ONE));
  private static final int BLOBS = 24;
  private static final int DELETED = 5;

  @TempDir Path folder;

  private final SplittableRandom random = new SplittableRandom(11);
  private final List<BlobId> ids = new ArrayList<>();
  private final List<String> values = new ArrayList<>();
  private @Nullable S3TestServer server;
  private int stores;

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  /** How an object store may be wrapped before a tier gets it. */
  enum Wrapping {
    NONE(store -> store),
    RETRYING(store -> RetryingObjectStore.builder(store).build()),
    LIMITED(Wrapping::limited),
    OWN(Wrapping::forwarding),
    OWN_OF_RETRYING(store -> forwarding(RETRYING.wrap.apply(store))),
    RETRYING_OF_OWN(store -> RETRYING.wrap.apply(forwarding(store))),
    LIMITED_OF_OWN_OF_RETRYING(store -> limited(OWN_OF_RETRYING.wrap.apply(store)));

    @SuppressWarnings("ImmutableEnumChecker") // the functions have no state
    private final UnaryOperator<ObjectStore> wrap;

    Wrapping(UnaryOperator<ObjectStore> wrap) {
      this.wrap = wrap;
    }

    private static ObjectStore limited(ObjectStore store) {
      return RetryingObjectStore.limited(store, RequestLimits.DEFAULTS);
    }

    /** A store of the user's own, which knows nothing of any other class. */
    private static ObjectStore forwarding(ObjectStore store) {
      return (ObjectStore)
          Proxy.newProxyInstance(
              TierPlaintextTest.class.getClassLoader(),
              new Class<?>[] {ObjectStore.class},
              (proxy, method, arguments) -> {
                try {
                  return method.invoke(store, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldUploadNothingThatCanBeReadHoweverADirectoryIsWrapped(Wrapping wrapping) {
    Path tier = folder.resolve("tier");
    assertThat(exposedBy(wrapping, () -> FileObjectStore.open(tier), true)).isEmpty();
  }

  @Test
  void shouldUploadNothingThatCanBeReadToS3() throws Exception {
    S3TestServer started = S3TestServer.start();
    server = started;
    assertThat(exposedBy(Wrapping.OWN_OF_RETRYING, () -> started.open("keyed"), true)).isEmpty();
  }

  /** So the search finds each kind where there are no keys. */
  @Test
  void shouldFindEveryKindOfTextInATierWithoutKeys() {
    Path tier = folder.resolve("tier");
    assertThat(exposedBy(Wrapping.NONE, () -> FileObjectStore.open(tier), false))
        .containsExactly("deleted id", "id", "value");
  }

  private LocalBlobStore local() {
    return LocalBlobStore.builder(folder.resolve("store" + stores++))
        .config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20))
        .open();
  }

  /** Text that LZ4 has to store as it is. */
  private String text(int length) {
    StringBuilder text = new StringBuilder(length + 12);
    while (text.length() < length) {
      text.append(String.format(Locale.ROOT, "%016x", random.nextLong()));
    }
    return text.substring(0, length);
  }

  private void put(Epoch epoch, int blob, int length) {
    if (blob == ids.size()) {
      ids.add(new BlobId(random.nextLong(), random.nextLong()));
    }
    values.add(text(length));
    epoch.put(
        ids.get(blob), MemorySegment.ofArray(values.getLast().getBytes(StandardCharsets.US_ASCII)));
  }

  private void change(LocalBlobStore store, int from, int through) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int blob = from; blob < through; blob++) {
        put(epoch, blob, blob == 1 ? 1_300_000 : 200 + 4_000 * blob);
      }
      epoch.commit();
    }
  }

  private void delete(LocalBlobStore store) {
    try (Epoch epoch = store.beginEpoch()) {
      for (int blob = 0; blob < DELETED; blob++) {
        epoch.delete(ids.get(blob));
      }
      epoch.commit();
    }
  }

  private List<String> exposedBy(Wrapping wrapping, Supplier<ObjectStore> below, boolean keyed) {
    try (LocalBlobStore store = local()) {
      try (Tier tier = tier(store, wrapping.wrap.apply(below.get()), keyed ? FIRST : null)) {
        change(store, 0, BLOBS);
        tier.checkpoint(TierProgress.NONE);
        assertThat(tier.evict(id -> id.low() % 2 == 0)).isPositive();
      }
      try (Tier tier = tier(store, wrapping.wrap.apply(below.get()), keyed ? BOTH : null)) {
        change(store, BLOBS / 2, BLOBS);
        tier.checkpoint(TierProgress.NONE);
        delete(store);
        tier.checkpoint(TierProgress.NONE);
        assertThat(tier.collect(false).batchesCompacted()).isPositive();
        tier.checkpoint(TierProgress.NONE);
      }
    }
    read(wrapping.wrap.apply(below.get()), keyed ? BOTH : null);
    try (ObjectStore objects = below.get()) {
      return exposed(objects);
    }
  }

  private static Tier tier(LocalBlobStore store, ObjectStore objects, @Nullable FrameKeys keys) {
    return Tier.builder(store, objects)
        .config(MANUAL)
        .keys(keys)
        .limits(RequestLimits.DEFAULTS)
        .open();
  }

  /** Those who read leave pins, and they get back what was put. */
  private void read(ObjectStore objects, @Nullable FrameKeys keys) {
    try (LocalBlobStore store = local()) {
      assertThat(
              Restore.restore(
                      objects, store, RestoreOptions.DEFAULTS.withKeys(keys), TierProgress.NONE)
                  .blobs())
          .isEqualTo(BLOBS - DELETED);
    }
    try (FollowerStore follower =
        FollowerStore.open(objects, FollowerConfig.DEFAULTS.withKeys(keys))) {
      assertThat(follower.contains(ids.getLast())).isTrue();
    }
  }

  /** What of values and ids is found in names and contents of objects. */
  private List<String> exposed(ObjectStore objects) {
    TreeSet<String> found = new TreeSet<>();
    List<ObjectInfo> all = objects.listAll("").toList();
    assertThat(all).extracting(ObjectInfo::key).anyMatch(key -> key.startsWith("batches/"));
    for (ObjectInfo object : all) {
      byte[] bytes = new byte[(int) object.length()];
      objects.get(object.key(), 0, MemorySegment.ofArray(bytes));
      String content = object.key() + "\n" + new String(bytes, StandardCharsets.ISO_8859_1);
      if (values.stream().anyMatch(value -> content.contains(value.substring(0, 48)))) {
        found.add("value");
      }
      String lower = content.toLowerCase(Locale.ROOT); // once: it is most of the time this takes
      for (int blob = 0; blob < ids.size(); blob++) {
        if (holds(content, lower, ids.get(blob))) {
          found.add(blob < DELETED ? "deleted id" : "id");
        }
      }
    }
    return List.copyOf(found);
  }

  private static boolean holds(String content, String lower, BlobId id) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES);
    bytes.putLong(id.high()).putLong(id.low());
    String binary = new String(bytes.array(), StandardCharsets.ISO_8859_1);
    MemorySegment little = MemorySegment.ofArray(new byte[Long.BYTES]);
    little.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, id.high());
    String reversed =
        new String(little.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    String half = String.format(Locale.ROOT, "%016x", id.low());
    return content.contains(binary) || content.contains(reversed) || lower.contains(half);
  }
}
