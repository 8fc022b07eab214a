package io.ashlar.tier;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.VacuumListener;
import io.ashlar.store.VacuumOptions;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An application with a store, as a server deploys it: in a class loader of its own, on threads of
 * the server's. Used through a class of the JDK.
 */
public final class DeployedApp implements Consumer<String> {

  private static final int BLOBS = 10;
  private static final int LENGTH = 6000;

  private @Nullable LocalBlobStore store;
  private @Nullable Tier tier;
  private String url = "";

  /** Does a task: {@code open FOLDER [TIER]}, {@code request}, {@code tier} or {@code close}. */
  @Override
  public void accept(String task) {
    String[] words = task.split(" ");
    switch (words[0]) {
      case "open" -> open(Path.of(words[1]), words.length > 2 ? words[2] : "");
      case "request" -> request();
      case "tier" -> useTier();
      case "close" -> close();
      default -> throw new IllegalArgumentException(task);
    }
  }

  private void open(Path folder, String newUrl) {
    url = newUrl;
    LocalBlobStore opened =
        LocalBlobStore.builder(folder).config(StoreConfig.DEFAULTS.withPoolBytes(8 << 20)).open();
    store = opened;
    tier = url.isEmpty() ? null : Tier.builder(opened, ObjectStores.open(url)).open();
  }

  private LocalBlobStore store() {
    return Objects.requireNonNull(store);
  }

  private static BlobId id(int number) {
    return new BlobId(1, number);
  }

  private void request() {
    LocalBlobStore store = store();
    for (int i = 0; i < BLOBS; i++) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(id(i), MemorySegment.ofArray(new byte[LENGTH]));
        long _ = epoch.commit();
      }
      try (BlobLease lease = store.get(id(i))) {
        require(lease != null && lease.value().byteSize() == LENGTH);
      }
    }
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(id(BLOBS), MemorySegment.ofArray(new byte[9 << 20])); // streams
      epoch.commitAsync().join();
    }
    try (Arena arena = Arena.ofShared()) {
      require(store.get(id(1), arena.allocate(8192, 4096)) == LENGTH);
      require(store.getAsync(id(1), arena.allocate(8192)).join() == LENGTH);
    }
    store.getAll(List.of(id(2), id(3)), new Batch());
    try (Snapshot snapshot = store.snapshot()) {
      require(snapshot.contains(id(3)));
      require(snapshot.get(id(3), Channels.newChannel(new ByteArrayOutputStream())) == LENGTH);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    require(store.verify(VerifyListener.NONE).clean());
    var _ = store.vacuum(VacuumOptions.DEFAULTS, VacuumListener.NONE);
  }

  private void useTier() {
    Tier open = Objects.requireNonNull(tier);
    var _ = open.checkpoint(TierProgress.NONE);
    var _ = open.evict(entry -> true);
    try (BlobLease lease = store().get(id(5))) {
      require(lease != null && lease.value().byteSize() == LENGTH);
    }
    try (FollowerStore follower =
        FollowerStore.open(ObjectStores.open(url), FollowerConfig.DEFAULTS)) {
      follower.getAll(List.of(id(2), id(3)), new Batch());
    }
  }

  private void close() {
    if (tier != null) {
      tier.close();
    }
    store().close();
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new IllegalStateException("a blob is not as it was put");
    }
  }

  /** Looks at blobs. */
  private static final class Batch implements BatchVisitor {
    @Override
    public void onBlob(int index, BlobId id, MemorySegment value) {
      require(value.byteSize() == LENGTH);
    }

    @Override
    public void onFailed(int index, BlobId id, StoreException failure) {
      throw failure;
    }
  }
}
