package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.ReadListener;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreException;
import io.ashlar.store.VerifyListener;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.CallbackPairs.Call;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every call in every kind of callback of a store with a tier, of a follower and of a restore is
 * served or refused, as the tables say; none hangs.
 */
@Tag("campaign")
class TierCallbackPairsTest {

  @TempDir Path folder;

  private final CallbackPairs pairs = new CallbackPairs();

  @Test
  void shouldServeOrRefuseEveryCallInEveryCallbackOfATier() throws InterruptedException {
    TierCallbackGround ground = TierCallbackGround.open(folder.resolve("store"), false);
    for (TierCallback callback : TierCallback.values()) {
      pairs.check(
          callback.name(),
          inside -> callback.provoke(ground, inside),
          Stream.of(CallInTierCallback.values())
              .map(call ->
                  new Call(call.name(), call.isRefusedIn(callback), () -> call.make(ground)))
              .toList());
      ground.done();
      pairs.within("after " + callback, () -> checkWhole(ground));
    }
    pairs.within("in the end", ground.tier()::close);
    pairs.within("in the end", ground.store()::close);
    pairs.assertAsExpected("a tier");
  }

  /** Everything was given back, and the tier works. */
  private static void checkWhole(TierCallbackGround ground) {
    ground.change();
    assertThat(ground.tier().checkpoint(TierProgress.NONE).blobs()).isPositive();
    LocalBlobStore store = ground.store();
    assertThat(store.get(TierCallbackGround.EVICTED, target())).isEqualTo(TierCallbackGround.BYTES);
    assertThat(store.stats().snapshots()).isZero();
    while (store.stats().poolFreeBytes() < store.stats().poolBytes()) {
      Thread.onSpinWait(); // a get without a waiting caller may be in progress
    }
  }

  /** Closing the tier calls the object store's close, which may not close the tier in turn. */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldRefuseToCloseWithinTheCloseOfTheObjectStore() {
    TierCallbackGround ground = TierCallbackGround.open(folder.resolve("store"), false);
    List<Throwable> thrown = new ArrayList<>();
    ground
        .objects()
        .callIn(
            "close",
            () ->
                Stream.<Runnable>of(ground.tier()::close, ground.store()::close)
                    .forEach(close -> {
                      try {
                        close.run();
                      } catch (IllegalStateException e) {
                        thrown.add(e);
                      }
                    }));
    ground.tier().close();
    assertThat(thrown)
        .hasSize(2)
        .allMatch(e -> String.valueOf(e.getMessage()).contains("this was called by"));
    ground.store().close();
  }

  @Test
  void shouldServeOrRefuseEveryCallInEveryCallbackOfAFollower() throws InterruptedException {
    TierCallbackGround ground = TierCallbackGround.open(folder.resolve("store"), false);
    ground.tier().close();
    ground.store().close();
    CalledObjects objects = ground.objects();
    FollowerStore follower =
        FollowerStore.open(
            objects,
            FollowerConfig.DEFAULTS
                .withKeys(objects.keys())
                .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0)));
    for (Map.Entry<String, Consumer<Runnable>> callback :
        followerCallbacks(follower, objects).entrySet()) {
      boolean request = callback.getKey().startsWith("request");
      pairs.check(callback.getKey(), callback.getValue(), followerCalls(follower, request));
      objects.callNoMore();
      pairs.within(
          "after " + callback.getKey(),
          () ->
              assertThat(follower.get(TierCallbackGround.EVICTED, target()))
                  .isEqualTo(TierCallbackGround.BYTES));
    }
    pairs.within("in the end", follower::close);
    pairs.assertAsExpected("a follower");
  }

  private static Map<String, Consumer<Runnable>> followerCallbacks(
      FollowerStore follower, CalledObjects objects) {
    Map<String, Consumer<Runnable>> callbacks = new LinkedHashMap<>();
    callbacks.put(
        "forEach", inside -> follower.forEach((high, low, length, local) -> inside.run()));
    callbacks.put(
        "getAll", inside -> follower.getAll(List.of(TierCallbackGround.EVICTED), visitor(inside)));
    callbacks.put(
        "channel",
        inside -> {
          try {
            var _ = follower.get(TierCallbackGround.EVICTED, sink(inside));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    callbacks.put(
        "listener",
        inside -> follower.getAsync(TierCallbackGround.EVICTED, target(), listener(inside)));
    callbacks.put(
        "stage",
        inside -> {
          CompletableFuture<Void> staged = new CompletableFuture<>();
          objects.callIn("get batches/", () -> staged.join()); // so that the stage comes first
          var _ = follower.getAsync(TierCallbackGround.EVICTED, target()).thenRun(inside);
          staged.complete(null);
        });
    for (String request : List.of("get batches/", "read batches/", "find")) {
      callbacks.put(
          "request " + request,
          inside -> {
            objects.callIn(request, inside);
            var _ = follower.get(TierCallbackGround.EVICTED, target());
          });
    }
    callbacks.put(
        "request of a refresh",
        inside -> {
          objects.callIn("get", inside);
          var _ = follower.refresh();
        });
    return callbacks;
  }

  private static List<Call> followerCalls(FollowerStore follower, boolean request) {
    BlobId id = TierCallbackGround.EVICTED;
    return List.of(
        new Call("get", request, () -> follower.get(id, target())),
        new Call("get a part", request, () -> follower.get(id, 1, 2, target())),
        new Call(
            "getAsync",
            false,
            () -> {
              var _ = follower.getAsync(id, target());
            }),
        new Call("getAsync, join", request, () -> joinMany(follower)),
        new Call("getAll", request, () -> follower.getAll(List.of(id), visitor(() -> {}))),
        new Call("length", false, () -> follower.length(id)),
        new Call("forEach", false, () -> follower.forEach((high, low, length, local) -> {})),
        new Call("stats", false, follower::stats),
        new Call("readBackStats", false, follower::readBackStats),
        new Call("checkpoint", false, follower::checkpoint),
        new Call("refresh", request, follower::refresh),
        new Call("close", true, follower::close));
  }

  private static void joinMany(FollowerStore follower) {
    for (int i = 0; i < CallInTierCallback.JOINS; i++) {
      var _ = follower.getAsync(TierCallbackGround.EVICTED, target()).join();
    }
  }

  /**
   * No other thread waits for a restore, so its callbacks may even close the store; then it fails.
   */
  @Test
  void shouldServeEveryCallInEveryCallbackOfARestore() throws InterruptedException {
    TierCallbackGround ground = TierCallbackGround.open(folder.resolve("store"), false);
    for (String callback : List.of("progress", "get batches/", "read batches/", "find")) {
      LocalBlobStore into = LocalBlobStore.builder(folder.resolve("into-" + callback)).open();
      pairs.check(
          callback,
          inside -> {
            ground.objects().callIn(callback, inside);
            assertThatThrownBy(() ->
                    restore(
                        ground.objects(), into, callback.equals("progress") ? inside : () -> {}))
                .isInstanceOf(StoreClosedException.class);
          },
          restoreCalls(into, ground.tier()));
      ground.done();
    }
    pairs.within("in the end", ground.tier()::close);
    pairs.within("in the end", ground.store()::close);
    pairs.assertAsExpected("a restore");
  }

  private static void restore(CalledObjects objects, LocalBlobStore into, Runnable inside) {
    var _ =
        Restore.restore(
            objects,
            into,
            RestoreOptions.DEFAULTS.withKeys(objects.keys()),
            new TierProgress() {
              @Override
              public void onTotal(long blobs, long bytes) {
                inside.run();
              }
            });
  }

  private static List<Call> restoreCalls(LocalBlobStore into, Tier tier) {
    return List.of(
        new Call("length", false, () -> into.length(TierCallbackGround.LOCAL)),
        new Call("forEach", false, () -> into.forEach((high, low, length, local) -> {})),
        new Call(
            "commit",
            false,
            () -> {
              try (Epoch epoch = into.beginEpoch()) {
                epoch.put(new BlobId(7, 7), MemorySegment.ofArray(new byte[100]));
                var _ = epoch.commit();
              }
            }),
        new Call("snapshot", false, () -> into.snapshot().close()),
        new Call("verify", false, () -> into.verify(VerifyListener.NONE)),
        new Call("stats", false, into::stats),
        new Call("checkpoint of its tier", false, () -> tier.checkpoint(TierProgress.NONE)),
        new Call("close", false, into::close));
  }

  private static MemorySegment target() {
    return Arena.ofAuto().allocate(TierCallbackGround.BYTES);
  }

  private static BatchVisitor visitor(Runnable inside) {
    return new BatchVisitor() {
      @Override
      public void onBlob(int index, BlobId id, MemorySegment value) {
        inside.run();
      }

      @Override
      public void onFailed(int index, BlobId id, StoreException failure) {
        throw failure;
      }
    };
  }

  private static ReadListener listener(Runnable inside) {
    return new ReadListener() {
      @Override
      public void onRead(BlobId id, long length) {
        inside.run();
      }

      @Override
      public void onFailed(BlobId id, RuntimeException failure) {
        inside.run();
      }
    };
  }

  private static WritableByteChannel sink(Runnable inside) {
    return new WritableByteChannel() {
      @Override
      public int write(ByteBuffer from) {
        inside.run();
        int bytes = from.remaining();
        from.position(from.limit());
        return bytes;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }
}
