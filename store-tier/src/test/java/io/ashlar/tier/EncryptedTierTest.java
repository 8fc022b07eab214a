package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.WrongKeyException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.batch.FrameKey;
import io.ashlar.tier.batch.FrameKeyRing;
import io.ashlar.tier.batch.FrameKeys;
import io.ashlar.tier.batch.KeyedObjectStore;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.restore.Restore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncryptedTierTest {
  private static final FrameKey ONE =
      FrameKey.of(1, "0123456789abcdef".getBytes(StandardCharsets.US_ASCII));
  private static final FrameKey OTHER_ONE =
      FrameKey.of(1, "0123456789abcdeX".getBytes(StandardCharsets.US_ASCII));
  private static final FrameKey TWO =
      FrameKey.of(2, "abcdef0123456789".getBytes(StandardCharsets.US_ASCII));
  private static final TierConfig MANUAL =
      TierConfig.DEFAULTS.withIntervalMs(0).withBatchBytesTarget(64 << 10);
  private static final String TEXT = "a text that nobody else may read";

  @TempDir Path folder;

  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final BlobModel model = new BlobModel();
  private int stores;

  private LocalBlobStore local() {
    return LocalBlobStore.builder(folder.resolve("store" + stores++)).poolBytes(8 << 20).open();
  }

  private ObjectStore keyed(FrameKeys keys) {
    return KeyedObjectStore.of(objects, keys);
  }

  private TieredBlobStore tiered(LocalBlobStore store, FrameKeys keys) {
    return TieredBlobStore.builder(store, keyed(keys)).config(MANUAL).open();
  }

  private void write(FrameKeys keys) {
    try (TieredBlobStore store = tiered(local(), keys)) {
      model.putRange(store, 0, 200, 1);
      model.put(store, 1000, 1, 1_200_000);
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(BlobModel.id(-1), MemorySegment.ofArray(TEXT.getBytes(StandardCharsets.UTF_8)));
        epoch.delete(BlobModel.id(-1));
        epoch.commit();
      }
      store.checkpoint(TierProgress.NONE);
      assertThat(store.evict(id -> true)).isEqualTo(200);
      model.assertHeldBy(store);
    }
  }

  @Test
  void shouldTierEvictReadBackRestoreAndFollow() {
    FrameKeyRing keys = new FrameKeyRing(ONE, List.of());
    write(keys);
    try (LocalBlobStore store = local()) {
      Restore.restore(keyed(keys), store, TierProgress.NONE);
      model.assertHeldBy(store);
    }
    try (FollowerStore follower = FollowerStore.open(keyed(keys), FollowerConfig.DEFAULTS)) {
      model.assertHeldBy(follower);
    }
    for (ObjectInfo object : objects.listAll("").toList()) {
      byte[] bytes = new byte[(int) object.length()];
      objects.get(object.key(), 0, MemorySegment.ofArray(bytes));
      String all = new String(bytes, StandardCharsets.ISO_8859_1);
      // Half of each blob of the model is this.
      assertThat(all).doesNotContain("    \0\0\0\0    ").doesNotContain(TEXT);
    }
  }

  @Test
  void shouldReadWhatOlderKeysSealedAndSealWithTheNewOne() {
    FrameKeyRing first = new FrameKeyRing(ONE, List.of());
    FrameKeyRing both = new FrameKeyRing(TWO, List.of(ONE));
    try (LocalBlobStore store = local()) {
      TieredBlobStore one = tiered(store, first);
      model.putRange(one, 0, 50, 1);
      one.checkpoint(TierProgress.NONE);
      one.close();
    }
    try (TieredBlobStore two = tiered(reopened(0), both)) {
      model.putRange(two, 25, 75, 2);
      two.checkpoint(TierProgress.NONE);
      two.evict(id -> true);
      model.assertHeldBy(two);
    }
    try (FollowerStore follower = FollowerStore.open(keyed(both), FollowerConfig.DEFAULTS)) {
      model.assertHeldBy(follower);
    }
    // The new key alone reads no old batch, and says which key is missing.
    assertThatThrownBy(() ->
            FollowerStore.open(keyed(new FrameKeyRing(TWO, List.of())), FollowerConfig.DEFAULTS))
        .isInstanceOf(WrongKeyException.class)
        .hasMessageContaining("key id=1");
  }

  private LocalBlobStore reopened(int number) {
    return LocalBlobStore.builder(folder.resolve("store" + number)).poolBytes(8 << 20).open();
  }

  @Test
  void shouldTellAWrongKeyFromDamageWhoeverReads() {
    FrameKeyRing right = new FrameKeyRing(ONE, List.of());
    write(right);
    for (ObjectStore wrong : List.of(keyed(new FrameKeyRing(OTHER_ONE, List.of())), objects)) {
      try (LocalBlobStore store = local()) {
        assertThatThrownBy(() -> Restore.restore(wrong, store, TierProgress.NONE))
            .isInstanceOf(WrongKeyException.class)
            .hasMessageContaining("batches/");
      }
      try (TieredBlobStore store =
              TieredBlobStore.builder(reopened(0), wrong).config(MANUAL).open();
          Arena arena = Arena.ofConfined()) {
        MemorySegment target = arena.allocate(10_000);
        assertThatThrownBy(() -> store.get(BlobModel.id(5), target))
            .isInstanceOf(WrongKeyException.class)
            .hasMessageContaining(BlobModel.id(5).toString());
      }
    }
    for (ObjectInfo object : objects.listAll(TierKeys.BATCHES).toList()) {
      byte[] bytes = new byte[(int) object.length()];
      objects.get(object.key(), 0, MemorySegment.ofArray(bytes));
      bytes[bytes.length / 2] ^= 1;
      objects.put(object.key(), ObjectBody.of(bytes));
    }
    try (LocalBlobStore store = local()) {
      assertThatThrownBy(() -> Restore.restore(keyed(right), store, TierProgress.NONE))
          .isInstanceOf(CorruptionException.class);
    }
  }
}
