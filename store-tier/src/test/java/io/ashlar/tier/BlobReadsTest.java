package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BatchVisitor;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobLease;
import io.ashlar.store.BlobReads;
import io.ashlar.store.ReadListener;
import io.ashlar.store.Snapshot;
import io.ashlar.store.StoreClosedException;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.StoreException;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.store.local.ReadOnlyStore;
import io.ashlar.tier.follow.FollowerConfig;
import io.ashlar.tier.follow.FollowerStore;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.InMemoryObjectStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract of {@link BlobReads}, on everything that implements it. */
@Timeout(60)
class BlobReadsTest {
  private static final StoreConfig CONFIG = StoreConfig.DEFAULTS.withPoolBytes(8 << 20);
  private static final List<Long> LENGTHS = List.of(0L, 1L, 4_096L, 100_000L, 3_000_000L);
  private static final BlobId ABSENT = new BlobId(5, 5);

  @TempDir Path folder;

  private final BlobModel model = new BlobModel();
  private final InMemoryObjectStore objects = new InMemoryObjectStore();

  /** What implements the contract. */
  enum Kind {
    STORE,
    SNAPSHOT,
    READ_ONLY,
    FOLLOWER
  }

  /** Reads to test, and what ends them. */
  private record Opened(BlobReads reads, Runnable closing) implements AutoCloseable {
    @Override
    public void close() {
      closing.run();
    }
  }

  private LocalBlobStore store() {
    return LocalBlobStore.builder(folder).config(CONFIG).open();
  }

  private Opened open(Kind kind) {
    LocalBlobStore store = store();
    for (int i = 0; i < LENGTHS.size(); i++) {
      model.put(store, i, i, LENGTHS.get(i));
    }
    if (kind == Kind.STORE) {
      return new Opened(store, store::close);
    }
    if (kind == Kind.SNAPSHOT) {
      Snapshot snapshot = store.snapshot();
      new BlobModel().put(store, 77, 1, 10);
      new BlobModel().delete(store, 1);
      return new Opened(snapshot, store::close);
    }
    if (kind == Kind.FOLLOWER) {
      try (Tier tier = Tier.builder(store, new FaultyObjectStore(objects)).open()) {
        tier.checkpoint(TierProgress.NONE);
      }
    }
    store.close();
    if (kind == Kind.READ_ONLY) {
      ReadOnlyStore readOnly = ReadOnlyStore.open(folder, CONFIG);
      return new Opened(readOnly, readOnly::close);
    }
    FollowerStore follower =
        FollowerStore.open(new FaultyObjectStore(objects), FollowerConfig.DEFAULTS);
    return new Opened(follower, follower::close);
  }

  private static byte[] bytes(int number) {
    try (Arena arena = Arena.ofConfined()) {
      return new BlobModel.Content(number, LENGTHS.get(number))
          .bytes(arena)
          .toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static byte[] part(byte[] bytes, int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void shouldReadEveryBlobByEveryCall(Kind kind) throws IOException {
    try (Opened opened = open(kind)) {
      BlobReads reads = opened.reads();
      model.assertHeldBy(reads);
      for (int i = 0; i < LENGTHS.size(); i++) {
        BlobId id = BlobModel.id(i);
        byte[] bytes = bytes(i);
        assertThat(reads.contains(id)).isTrue();
        assertThat(reads.length(id)).isEqualTo(bytes.length);
        try (BlobLease lease = reads.get(id)) {
          assertThat(lease).isNotNull();
          assertThat(lease.value().isReadOnly()).isTrue();
          assertThat(lease.value().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(reads.get(id, Channels.newChannel(out))).isEqualTo(bytes.length);
        assertThat(out.toByteArray()).isEqualTo(bytes);
        byte[] target = new byte[bytes.length];
        assertThat(reads.getAsync(id, MemorySegment.ofArray(target)).join())
            .isEqualTo(bytes.length);
        assertThat(target).isEqualTo(bytes);
        Told told = new Told();
        byte[] other = new byte[bytes.length];
        reads.getAsync(id, MemorySegment.ofArray(other), told);
        assertThat(told.outcome.join()).isEqualTo(bytes.length);
        assertThat(other).isEqualTo(bytes);
      }
      Map<Integer, byte[]> all = new HashMap<>();
      List<Integer> missing = new ArrayList<>();
      reads.getAll(
          List.of(BlobModel.id(3), ABSENT, BlobModel.id(0), BlobModel.id(4), BlobModel.id(3)),
          collecting(all, missing));
      assertThat(missing).containsExactly(1);
      assertThat(all).containsOnlyKeys(0, 2, 3, 4);
      assertThat(all.get(0)).isEqualTo(bytes(3));
      assertThat(all.get(2)).isEmpty();
      assertThat(all.get(3)).isEqualTo(bytes(4));
      assertThat(all.get(4)).isEqualTo(bytes(3));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void shouldReadParts(Kind kind) {
    try (Opened opened = open(kind)) {
      BlobReads reads = opened.reads();
      for (int number : new int[] {3, 4}) {
        byte[] bytes = bytes(number);
        BlobId id = BlobModel.id(number);
        byte[] target = new byte[1_000];
        MemorySegment segment = MemorySegment.ofArray(target);
        assertThat(reads.get(id, 65_000, 1_000, segment)).isEqualTo(1_000);
        assertThat(target).isEqualTo(part(bytes, 65_000, 66_000));
        assertThat(reads.get(id, bytes.length - 10, 1_000, segment)).isEqualTo(10);
        assertThat(part(target, 0, 10)).isEqualTo(part(bytes, bytes.length - 10, bytes.length));
        assertThat(reads.get(id, bytes.length, 1_000, segment)).isZero();
        assertThat(reads.get(id, bytes.length + 7L, 1_000, segment)).isZero();
        assertThat(reads.get(id, 0, 0, segment)).isZero();
        assertThatThrownBy(() -> reads.get(id, 0, 1_001, segment))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> reads.get(id, -1, 10, segment))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> reads.get(id, 0, -1, segment))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void shouldSayThatABlobIsAbsent(Kind kind) throws IOException {
    try (Opened opened = open(kind)) {
      BlobReads reads = opened.reads();
      MemorySegment target = MemorySegment.ofArray(new byte[10]);
      assertThat(reads.get(ABSENT)).isNull();
      assertThat(reads.get(ABSENT, target)).isEqualTo(BlobReads.NOT_FOUND);
      assertThat(reads.get(ABSENT, 0, 10, target)).isEqualTo(BlobReads.NOT_FOUND);
      assertThat(reads.get(ABSENT, Channels.newChannel(new ByteArrayOutputStream())))
          .isEqualTo(BlobReads.NOT_FOUND);
      assertThat(reads.getAsync(ABSENT, target).join()).isEqualTo(BlobReads.NOT_FOUND);
      Told told = new Told();
      reads.getAsync(ABSENT, target, told);
      assertThat(told.outcome.join()).isEqualTo(BlobReads.NOT_FOUND);
      assertThat(reads.contains(ABSENT)).isFalse();
      assertThat(reads.length(ABSENT)).isEqualTo(BlobReads.NOT_FOUND);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void shouldRefuseATargetThatCannotTakeTheBlob(Kind kind) {
    try (Opened opened = open(kind);
        Arena confined = Arena.ofConfined()) {
      BlobReads reads = opened.reads();
      BlobId id = BlobModel.id(2);
      MemorySegment tooShort = MemorySegment.ofArray(new byte[4_095]);
      assertThatThrownBy(() -> reads.get(id, tooShort))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> reads.getAsync(id, tooShort).join())
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(IllegalArgumentException.class);
      Told told = new Told();
      reads.getAsync(id, tooShort, told);
      assertThatThrownBy(told.outcome::join).hasCauseInstanceOf(IllegalArgumentException.class);
      for (MemorySegment unfit :
          List.of(MemorySegment.ofArray(new byte[4_096]).asReadOnly(), confined.allocate(4_096))) {
        assertThatThrownBy(() -> reads.getAsync(id, unfit))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> reads.getAsync(id, unfit, new Told()))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void shouldSayThatTheStoreIsClosed(Kind kind) {
    Opened opened = open(kind);
    opened.close();
    BlobReads reads = opened.reads();
    BlobId id = BlobModel.id(1);
    MemorySegment target = MemorySegment.ofArray(new byte[10]);
    List<ThrowingCallable> calls =
        List.of(
            () -> reads.get(id),
            () -> reads.get(id, target),
            () -> reads.get(id, 0, 1, target),
            () -> reads.get(id, Channels.newChannel(new ByteArrayOutputStream())),
            () -> reads.getAsync(id, target),
            () -> reads.getAsync(id, target, new Told()),
            () -> reads.getAll(List.of(id), collecting(new HashMap<>(), new ArrayList<>())),
            () -> reads.contains(id),
            () -> reads.length(id),
            () -> reads.forEach((high, low, length, local) -> {}));
    for (var call : calls) {
      assertThatThrownBy(call).isInstanceOf(StoreClosedException.class);
    }
  }

  /** What a listener was told. */
  private static final class Told implements ReadListener {
    private final CompletableFuture<Long> outcome = new CompletableFuture<>();

    @Override
    public void onRead(BlobId id, long length) {
      outcome.complete(length);
    }

    @Override
    public void onFailed(BlobId id, RuntimeException failure) {
      outcome.completeExceptionally(failure);
    }
  }

  private static BatchVisitor collecting(Map<Integer, byte[]> all, List<Integer> missing) {
    return new BatchVisitor() {
      @Override
      public void onBlob(int index, BlobId id, MemorySegment value) {
        all.put(index, value.toArray(ValueLayout.JAVA_BYTE));
      }

      @Override
      public void onMissing(int index, BlobId id) {
        missing.add(index);
      }

      @Override
      public void onFailed(int index, BlobId id, StoreException failure) {
        throw failure;
      }
    };
  }
}
