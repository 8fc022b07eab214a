package io.ashlar.tier.laminar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchEntry;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.s3.LockedBlobStore;
import io.ashlar.tier.object.s3.S3TestServer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class CheckpointBatcherTest {
  private final InMemoryObjectStore store = new InMemoryObjectStore();
  private final CheckpointBatcher batcher = new CheckpointBatcher(store, "job/");

  @AfterEach
  void close() {
    batcher.close();
    store.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> entries(ObjectStore store, String key) throws IOException {
    try (ObjectContent content = store.get(key);
        Arena arena = Arena.ofConfined()) {
      List<String> entries = new ArrayList<>();
      MemorySegment object = MemorySegment.ofArray(content.stream().readAllBytes());
      for (BatchEntry entry : new BatchCodec().decode(object, arena)) {
        String data = StandardCharsets.UTF_8.decode(entry.data().asByteBuffer()).toString();
        entries.add(entry.keyText() + "=" + data);
      }
      return entries;
    }
  }

  private List<String> keys() {
    return store.listAll("").map(ObjectInfo::key).toList();
  }

  @Test
  void shouldCountKeyAndDataAndEightBytesForEachEntry() {
    batcher.add("key", new byte[10]);
    assertThat(batcher.bufferedBytes()).isEqualTo(3 + 10 + 8);
    batcher.add("", new byte[0]);
    assertThat(batcher.bufferedBytes()).isEqualTo(3 + 10 + 8 + 8);
    assertThat(batcher.bufferedEntries()).isEqualTo(2);
  }

  @Test
  void shouldFlushFromTheThresholdOn() {
    try (CheckpointBatcher small = new CheckpointBatcher(store, "", 20, new BatchMetrics())) {
      small.add("k", new byte[10]);
      assertThat(small.bufferedBytes()).isEqualTo(19);
      assertThat(small.shouldFlush()).isFalse();
    }
    try (CheckpointBatcher small = new CheckpointBatcher(store, "", 20, new BatchMetrics())) {
      small.add("k", new byte[11]);
      assertThat(small.bufferedBytes()).isEqualTo(20);
      assertThat(small.shouldFlush()).isTrue();
    }
  }

  @Test
  void shouldHaveAThresholdOfEightMebibytesOfUncompressedBytes() {
    batcher.add("", new byte[(8 << 20) - 9]);
    assertThat(batcher.shouldFlush()).isFalse();
    assertThat(batcher.flush(1)).isTrue();
    batcher.add("", new byte[(8 << 20) - 8]);
    assertThat(batcher.shouldFlush()).isTrue();
  }

  @Test
  void shouldPackAllEntriesIntoOneObjectNamedByTheEpoch() throws IOException {
    batcher.add("b", bytes("1"));
    batcher.add("a", bytes("2"));
    assertThat(batcher.flush(42)).isTrue();

    assertThat(keys()).containsExactly("job/checkpoints/batch-000042.lz4");
    assertThat(entries(store, "job/checkpoints/batch-000042.lz4")).containsExactly("b=1", "a=2");
    assertThat(batcher.bufferedBytes()).isZero();
    assertThat(batcher.bufferedEntries()).isZero();
  }

  @Test
  void shouldPrintAllDigitsOfLargeEpochs() {
    assertThat(batcher.key(0)).isEqualTo("job/checkpoints/batch-000000.lz4");
    assertThat(batcher.key(999_999)).isEqualTo("job/checkpoints/batch-999999.lz4");
    assertThat(batcher.key(1_000_000)).isEqualTo("job/checkpoints/batch-1000000.lz4");
    assertThat(batcher.key(-1)).isEqualTo("job/checkpoints/batch-18446744073709551615.lz4");
  }

  @Test
  void shouldDoNothingWhenEmpty() {
    assertThat(batcher.flush(1)).isFalse();
    assertThat(keys()).isEmpty();
    assertThat(store.requestCounts().requests()).isEqualTo(1);
    assertThat(batcher.metrics().snapshot()).isEqualTo(new BatchMetrics.Snapshot(0, 0, 0, 0, 0));
  }

  @Test
  void shouldKeepOrderDuplicatesAndEmptyKeysAndData() throws IOException {
    batcher.add("x", bytes("1"));
    batcher.add("", bytes("no key"));
    batcher.add("x", bytes("2"));
    batcher.add("no data", bytes(""));
    batcher.add("", bytes(""));
    batcher.flush(1);
    assertThat(entries(store, batcher.key(1)))
        .containsExactly("x=1", "=no key", "x=2", "no data=", "=");
  }

  /** Defect 2: two flushes of one epoch overwrote the same object. */
  @Test
  void defect2ShouldRefuseASecondFlushOfOneEpochAndKeepItsEntries() throws IOException {
    batcher.add("first", bytes("1"));
    batcher.flush(7);
    batcher.add("second", bytes("2"));

    assertThatThrownBy(() -> batcher.flush(7))
        .isInstanceOfSatisfying(
            EpochAlreadyFlushedException.class,
            e -> {
              assertThat(e.epoch()).isEqualTo(7);
              assertThat(e.key()).isEqualTo(batcher.key(7));
            });
    assertThat(entries(store, batcher.key(7))).containsExactly("first=1");
    assertThat(batcher.bufferedEntries()).isEqualTo(1);
    batcher.flush(8);
    assertThat(entries(store, batcher.key(8))).containsExactly("second=2");
  }

  @Test
  void defect2ShouldRefuseASecondFlushEvenOfEqualBytes() {
    batcher.add("same", bytes("1"));
    batcher.flush(7);
    batcher.add("same", bytes("1"));
    assertThatThrownBy(() -> batcher.flush(7)).isInstanceOf(EpochAlreadyFlushedException.class);
  }

  @Tag("campaign")
  @Test
  void shouldClearOnlyOnSuccessAndRecogniseItsOwnUnansweredPut() throws Exception {
    try (S3TestServer server = S3TestServer.start();
        ObjectStore s3 = server.open("batches");
        CheckpointBatcher remote = new CheckpointBatcher(s3, "")) {
      remote.add("k", bytes("v"));

      server.blobs().hook(failing(false));
      assertThatThrownBy(() -> remote.flush(1)).isInstanceOf(ObjectStoreException.class);
      assertThat(remote.bufferedEntries()).isEqualTo(1);
      assertThat(remote.metrics().snapshot().batches()).isZero();

      // Applied, but never answered: the entries stay until the store can say so.
      server.blobs().hook(failing(true));
      try {
        remote.flush(1);
      } catch (ObjectStoreException | EpochAlreadyFlushedException unanswered) {
        assertThat(unanswered).isInstanceOf(ObjectStoreException.class);
      }
      server.blobs().clearHook();
      if (remote.bufferedEntries() > 0) {
        assertThat(remote.flush(1)).isTrue();
      }
      assertThat(remote.bufferedEntries()).isZero();
      assertThat(remote.metrics().snapshot().batches()).isEqualTo(1);
      assertThat(entries(s3, remote.key(1))).containsExactly("k=v");
    }
  }

  private static LockedBlobStore.Hook failing(boolean applied) {
    return new LockedBlobStore.Hook() {
      @Override
      public void before(LockedBlobStore.Operation operation, String key) {
        if (!applied && operation == LockedBlobStore.Operation.PUT) {
          throw S3Exceptions.fromStatusCode(503);
        }
      }

      @Override
      public void after(LockedBlobStore.Operation operation, String key) {
        if (applied && operation == LockedBlobStore.Operation.PUT) {
          throw S3Exceptions.fromStatusCode(503);
        }
      }
    };
  }

  @Test
  void shouldCountBatchesEntriesBytesAndPuts() {
    batcher.add("k", new byte[1000]);
    batcher.add("l", new byte[1000]);
    batcher.flush(1);
    batcher.add("m", new byte[10]);
    batcher.flush(2);

    long after = store.listAll("").mapToLong(ObjectInfo::length).sum();
    BatchMetrics.Snapshot snapshot = batcher.metrics().snapshot();
    assertThat(snapshot)
        .isEqualTo(new BatchMetrics.Snapshot(2, 3, 2 * (1 + 1000 + 8) + 1 + 10 + 8, after, 2));
    assertThat(snapshot.compressionRatio()).isGreaterThan(5);
    assertThat(new BatchMetrics().snapshot().compressionRatio()).isEqualTo(1);
    assertThat(store.requestCounts().puts()).isEqualTo(2);
  }

  @Test
  void shouldRefuseAThresholdOrPrefixThatCannotBeMeant() {
    assertThatThrownBy(() -> new CheckpointBatcher(store, "", 0, new BatchMetrics()))
        .hasMessageContaining("thresholdBytes");
    assertThatThrownBy(() -> new CheckpointBatcher(store, "job"))
        .hasMessageContaining("prefix=job");
  }
}
