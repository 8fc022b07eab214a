package io.ashlar.tier.laminar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchEncoder;
import io.ashlar.tier.batch.BatchEntry;
import io.ashlar.tier.batch.BatchFormatException;
import io.ashlar.tier.laminar.CheckpointManifest.OperatorSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.PartitionSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.Sources;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each defect of LaminarDB's checkpoints that must not be ours, by its number. */
abstract class LaminarDefectsContractTest {
  private static final int SLOTS = 3;

  private ObjectStore real;
  FaultyObjectStore objects;
  Checkpointer checkpointer;

  /** A store with nothing in it. */
  abstract ObjectStore open() throws Exception;

  @BeforeEach
  void openStore() throws Exception {
    real = open();
    objects = new FaultyObjectStore(real);
    checkpointer = new Checkpointer(objects, new CheckpointPaths("job"), SLOTS);
  }

  @AfterEach
  void closeStore() {
    real.close();
  }

  static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private List<String> keys() {
    return real.listAll("").map(ObjectInfo::key).toList();
  }

  private static List<PartitionUpload> uploads(int count) {
    List<PartitionUpload> uploads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      uploads.add(new PartitionUpload("op" + i % 2, i, i % 5 == 4, body("state " + i)));
    }
    return uploads;
  }

  CheckpointId save(@Nullable CheckpointId parent, PartitionUpload... uploads) {
    CheckpointId id = CheckpointId.newId();
    checkpointer.saveManifest(
        CheckpointManifest.of(id, 1, checkpointer.savePartitions(id, List.of(uploads)), parent));
    checkpointer.updateLatest(id);
    return id;
  }

  RecoveredCheckpoint recover(RecordingTarget target) {
    return Objects.requireNonNull(new CheckpointRecovery(checkpointer).recover(target));
  }

  @Test
  void defect1ShouldKeepEveryResultWithMorePartitionsThanUploadSlots() {
    CheckpointId id = CheckpointId.newId();
    List<PartitionUpload> uploads = uploads(10 * SLOTS + 1);
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    objects.fault((request, key) -> {
      most.accumulateAndGet(running.incrementAndGet(), Math::max);
      LockSupport.parkNanos(200_000);
      running.decrementAndGet();
      return Outcome.ANSWERED;
    });

    Map<String, OperatorSnapshotEntry> operators = checkpointer.savePartitions(id, uploads);

    assertThat(operators.values().stream().mapToInt(o -> o.partitions().size()).sum())
        .isEqualTo(uploads.size());
    for (PartitionUpload upload : uploads) {
      assertThat(Objects.requireNonNull(operators.get(upload.operator())).partitions())
          .anyMatch(e -> e.partitionId() == upload.partition() && e.isDelta() == upload.isDelta());
    }
    assertThat(keys()).hasSize(uploads.size());
    assertThat(most.get()).isLessThanOrEqualTo(SLOTS);
  }

  @Test
  void defect2ShouldRefuseASecondFlushOfOneEpochAndKeepTheFirst() throws IOException {
    try (CheckpointBatcher batcher = new CheckpointBatcher(objects, "")) {
      batcher.add("first", new byte[] {1});
      assertThat(batcher.flush(7)).isTrue();
      batcher.add("second", new byte[] {2});
      assertThatThrownBy(() -> batcher.flush(7)).isInstanceOf(EpochAlreadyFlushedException.class);
      assertThat(batcher.bufferedEntries()).isEqualTo(1);
      try (Arena arena = Arena.ofConfined();
          var content = objects.get(batcher.key(7))) {
        Batch batch =
            new BatchCodec().decode(MemorySegment.ofArray(content.stream().readAllBytes()), arena);
        assertThat(batch.iterator().next().keyText()).isEqualTo("first");
      }
    }
  }

  @Test
  void defect2ShouldRefuseASecondManifestOfOneCheckpointAndTakeTheSameAgain() {
    CheckpointId id = CheckpointId.newId();
    CheckpointManifest first = new CheckpointManifest(id, 1, 1000, Map.of(), Sources.NONE, null, 0);
    checkpointer.saveManifest(first);
    checkpointer.saveManifest(first);
    assertThatThrownBy(() ->
            checkpointer.saveManifest(
                new CheckpointManifest(id, 2, 1000, Map.of(), Sources.NONE, null, 0)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(id.toString());
    assertThat(checkpointer.loadManifest(id)).isEqualTo(first);
  }

  @Test
  void defect3ShouldWriteTheSlashAndReadAndDeleteWithoutItToo() {
    CheckpointId ours = save(null, new PartitionUpload("op", 0, false, body("ours")));
    assertThat(keys()).contains("job/" + ours + "/manifest.json");

    CheckpointId theirs = CheckpointId.newId();
    String artifact = "job/" + theirs + "operators/op/partition-0.snap";
    objects.put(artifact, body("theirs"));
    PartitionSnapshotEntry entry =
        new PartitionSnapshotEntry(0, false, artifact, 6, Sha256.hex(body("theirs")));
    OperatorSnapshotEntry operator = new OperatorSnapshotEntry(List.of(entry), 6);
    CheckpointManifest manifest =
        new CheckpointManifest(theirs, 2, 2, Map.of("op", operator), Sources.NONE, null, 6);
    objects.put(
        "job/" + theirs + "manifest.json", ObjectBody.of(CheckpointManifestCodec.encode(manifest)));

    assertThat(checkpointer.listCheckpoints()).containsExactly(ours, theirs);
    assertThat(checkpointer.loadManifest(theirs)).isEqualTo(manifest);
    checkpointer.updateLatest(theirs);
    RecordingTarget target = new RecordingTarget();
    assertThat(recover(target).manifest()).isEqualTo(manifest);
    assertThat(target.state).containsExactly(Map.entry("op/0", "theirs"));

    assertThat(checkpointer.deleteCheckpoint(theirs).removed()).isEqualTo(2);
    assertThat(checkpointer.deleteCheckpoint(ours).removed()).isEqualTo(2);
    assertThat(keys()).containsExactly("job/_latest");
    assertThat(checkpointer.listCheckpoints()).isEmpty();
  }

  /** An object of entries "0", "1", "2", each with its number as data. */
  private static byte[] batch() {
    try (BatchEncoder encoder = new BatchCodec().newEncoder()) {
      for (byte i = 0; i < 3; i++) {
        byte[] key = {(byte) ('0' + i)};
        encoder.add(MemorySegment.ofArray(key), MemorySegment.ofArray(new byte[] {i}));
      }
      return encoder.encode().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private void assertBatchRefused(int offset, int value) throws IOException {
    byte[] object = batch();
    MemorySegment.ofArray(object)
        .set(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), offset, value);
    objects.put("changed", ObjectBody.of(object));
    try (var content = objects.get("changed");
        Arena arena = Arena.ofConfined()) {
      byte[] read = content.stream().readAllBytes();
      // Nothing is allocated for what the header claims.
      assertThatThrownBy(() ->
              new BatchCodec()
                  .decode(
                      MemorySegment.ofArray(read),
                      (bytes, alignment) -> {
                        assertThat(bytes).isLessThan(1 << 20);
                        return arena.allocate(bytes, alignment);
                      }))
          .isInstanceOf(BatchFormatException.class);
    }
  }

  @Test
  void defect4ShouldLoseNoEntryToALoweredEntryCount() throws IOException {
    for (int count = 0; count < 3; count++) {
      assertBatchRefused(8, count);
    }
  }

  @Test
  void defect5ShouldBoundCountAndSizeBeforeAllocating() throws IOException {
    assertBatchRefused(8, -1);
    assertBatchRefused(12, -1);
    assertBatchRefused(20, -1);
    assertBatchRefused(8, 1 << 30);
  }

  @Test
  void defect6ShouldKeepKeysThatAreNotTextApart() throws IOException {
    byte[][] keys = {{(byte) 0xff}, {(byte) 0xfe}};
    try (CheckpointBatcher batcher = new CheckpointBatcher(objects, "")) {
      for (byte[] key : keys) {
        batcher.add(MemorySegment.ofArray(key), MemorySegment.ofArray(new byte[0]));
      }
      batcher.flush(1);
      try (Arena arena = Arena.ofConfined();
          var content = objects.get(batcher.key(1))) {
        Batch batch =
            new BatchCodec().decode(MemorySegment.ofArray(content.stream().readAllBytes()), arena);
        int i = 0;
        for (BatchEntry entry : batch) {
          assertThat(entry.key().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(keys[i++]);
          assertThatThrownBy(entry::keyText).isInstanceOf(BatchFormatException.class);
        }
        assertThat(i).isEqualTo(2);
      }
    }
  }

  /** Lengths beyond u32 are refused: {@code BatchCodecTest} has that for the codec itself. */
  @Test
  void defect6ShouldRefusePartitionNumbersBeyondU32() {
    assertThatThrownBy(
            () -> checkpointer.saveSnapshot(CheckpointId.newId(), "op", 1L << 32, body("x")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PartitionSnapshotEntry(1L << 32, false, "p", 0, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(keys()).isEmpty();
  }

  /** Every kind of failure of every request is {@code RetryingObjectStoreTest}'s. */
  @Test
  void defect7ShouldRepeatReadsAndWritesOfAWholeCheckpoint() {
    RetryPolicy quick = new RetryPolicy(1, 2, 10, 10_000, 10_000, 10_000, 10_000);
    checkpointer =
        new Checkpointer(
            RetryingObjectStore.builder(objects).policy(quick).build(),
            new CheckpointPaths("job"),
            SLOTS);
    AtomicInteger failed = new AtomicInteger();
    FailureKind[] kinds = {
      FailureKind.UNANSWERED, FailureKind.UNAVAILABLE, FailureKind.THROTTLED, FailureKind.CONFLICT
    };
    Random random = new Random(7);
    objects.fault((request, key) -> {
      int dice = random.nextInt(6);
      if (dice > 1) {
        return Outcome.ANSWERED;
      }
      objects.failAs(kinds[failed.getAndIncrement() % kinds.length], -1);
      return dice == 0 ? Outcome.NOT_APPLIED : Outcome.APPLIED_UNANSWERED;
    });
    CheckpointId first = save(null, new PartitionUpload("op", 0, false, body("a")));
    CheckpointId second = save(first, new PartitionUpload("op", 0, true, body("b")));

    RecordingTarget target = new RecordingTarget();
    RecoveredCheckpoint recovered = recover(target);
    assertThat(recovered.manifest().checkpointId()).isEqualTo(second);
    assertThat(recovered.attempts()).isEqualTo(1);
    assertThat(target.state).containsExactly(Map.entry("op/0", "ab"));
    assertThat(checkpointer.listCheckpoints()).containsExactly(first, second);
    assertThat(checkpointer.deleteCheckpoint(first).complete()).isTrue();
    assertThat(failed.get()).isGreaterThan(4);
  }

  @Test
  void defect8ShouldLeaveNoOrphanOfSiblingsWhenOneUploadFails() {
    CheckpointId id = CheckpointId.newId();
    List<PartitionUpload> uploads = uploads(20);
    String failing = "job/" + id + "/operators/op1/partition-7.snap";
    Semaphore siblings = new Semaphore(0);
    objects.fault((request, key) -> {
      if (!request.equals("put")) {
        return Outcome.ANSWERED;
      }
      if (key.equals(failing)) {
        siblings.acquireUninterruptibly(5); // after some of them were stored
        return Outcome.APPLIED_UNANSWERED;
      }
      siblings.release();
      return Outcome.ANSWERED;
    });

    assertThatThrownBy(() -> checkpointer.savePartitions(id, uploads))
        .isInstanceOf(TierUnavailableException.class)
        .hasMessageContaining(failing);
    assertThat(keys()).isEmpty();
  }

  @Test
  void defect8ShouldSayWhatItCouldNotDelete() {
    CheckpointId id = CheckpointId.newId();
    objects.fault((request, key) ->
        request.equals("delete") || key.endsWith("partition-3.snap")
            ? Outcome.NOT_APPLIED
            : Outcome.ANSWERED);
    assertThatThrownBy(() -> checkpointer.savePartitions(id, uploads(5)))
        .isInstanceOf(TierUnavailableException.class)
        .hasMessageContaining("not deleted again");
    objects.heal();
    assertThat(checkpointer.listCheckpoints()).isEmpty();
    assertThat(checkpointer.listIncomplete()).containsExactly(id);
    assertThat(checkpointer.deleteCheckpoint(id).complete()).isTrue();
    assertThat(keys()).isEmpty();
  }

  @Test
  void defect8ShouldSayOfWhichKeyADeleteFailed() {
    CheckpointId id = CheckpointId.newId();
    objects.fault((request, key) ->
        key.endsWith("partition-3.snap") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    objects.refuseDeletes(key -> key.endsWith("partition-0.snap") ? "AccessDenied" : null);
    assertThatThrownBy(() -> checkpointer.savePartitions(id, uploads(5)))
        .isInstanceOf(TierUnavailableException.class)
        .hasMessageContaining("not deleted again: objects=1");
    objects.heal();
    assertThat(keys()).hasSize(1).allMatch(key -> key.endsWith("partition-0.snap"));
  }

  @Test
  void defect8ShouldNeverLetThePointerGoBack() throws Exception {
    List<CheckpointId> ids = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      ids.add(CheckpointId.newId());
    }
    List<CheckpointId> shuffled = new ArrayList<>(ids);
    Collections.shuffle(shuffled, new Random(8));
    List<CheckpointId> seen = Collections.synchronizedList(new ArrayList<>());
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Boolean>> writers = new ArrayList<>();
      for (CheckpointId id : shuffled) {
        writers.add(() -> {
          boolean ours = checkpointer.updateLatest(id);
          seen.add(Objects.requireNonNull(checkpointer.readLatest()));
          return ours;
        });
      }
      for (Future<Boolean> future : threads.invokeAll(writers)) {
        future.get();
      }
    }
    assertThat(checkpointer.readLatest()).isEqualTo(ids.getLast());
    assertThat(seen).contains(ids.getLast());
    assertThat(checkpointer.updateLatest(ids.getFirst())).isFalse();
    assertThat(checkpointer.updateLatest(ids.getLast())).isTrue();
    assertThat(checkpointer.readLatest()).isEqualTo(ids.getLast());
  }

  @Test
  void defect9ShouldFollowTheParentsFromTheFirstWholeStateOn() {
    CheckpointId first =
        save(
            null,
            new PartitionUpload("op", 0, false, body("a")),
            new PartitionUpload("op", 1, false, body("x")),
            new PartitionUpload("other", 0, false, body("same")));
    CheckpointId second =
        save(
            first,
            new PartitionUpload("op", 0, true, body("b")),
            new PartitionUpload("op", 1, true, body("gone")));
    CheckpointId third =
        save(
            second,
            new PartitionUpload("op", 1, true, body("z")), // given before its whole state
            new PartitionUpload("op", 1, false, body("y")),
            new PartitionUpload("op", 0, true, body("c")));

    RecordingTarget target = new RecordingTarget();
    RecoveredCheckpoint recovered = recover(target);
    assertThat(recovered.manifest().checkpointId()).isEqualTo(third);
    assertThat(recovered.chainLength()).isEqualTo(3);
    assertThat(target.state)
        .containsExactly(
            Map.entry("op/0", "abc"), Map.entry("op/1", "yz"), Map.entry("other/0", "same"));
    // What a later whole state replaces is not fetched.
    assertThat(objects.requests())
        .doesNotContain("get " + checkpointer.paths().delta(second, "op", 1));
  }

  @Test
  void defect10ShouldStorePathsRelativeAndEntriesInTheirOrder() {
    List<PartitionUpload> uploads = uploads(40);
    CheckpointId id = save(null, uploads.toArray(PartitionUpload[]::new));
    CheckpointManifest manifest = Objects.requireNonNull(checkpointer.loadManifest(id));
    assertThat(manifest.operators().keySet()).containsExactly("op0", "op1");
    manifest
        .operators()
        .forEach((operator, entry) -> {
          assertThat(entry.partitions())
              .extracting(PartitionSnapshotEntry::partitionId)
              .isEqualTo(
                  uploads.stream()
                      .filter(u -> u.operator().equals(operator))
                      .map(PartitionUpload::partition)
                      .toList());
          assertThat(entry.partitions())
              .allMatch(p -> p.path().startsWith("operators/" + operator + "/partition-"));
          for (PartitionSnapshotEntry partition : entry.partitions()) {
            assertThat(real.head("job/" + id + "/" + partition.path())).isNotNull();
          }
        });
  }

  @Test
  void defect11ShouldCountOnlyWhatWasRemoved() {
    CheckpointId id =
        save(
            null,
            new PartitionUpload("op", 0, false, body("a")),
            new PartitionUpload("op", 1, false, body("b")));
    AtomicInteger deletes = new AtomicInteger();
    objects.fault((request, key) ->
        request.equals("delete") && deletes.incrementAndGet() == 2
            ? Outcome.NOT_APPLIED
            : Outcome.ANSWERED);

    CheckpointDeletion half = checkpointer.deleteCheckpoint(id);
    assertThat(half.removed()).isEqualTo(1);
    assertThat(half.complete()).isFalse();
    assertThat(half.failed()).hasSize(2);
    assertThat(checkpointer.listCheckpoints()).isEmpty();

    CheckpointDeletion rest = checkpointer.deleteCheckpoint(id);
    assertThat(rest).isEqualTo(new CheckpointDeletion(2, Map.of()));
    assertThat(checkpointer.deleteCheckpoint(id)).isEqualTo(new CheckpointDeletion(0, Map.of()));
    assertThat(keys()).containsExactly("job/_latest");
  }

  /** The request succeeds, and says of one key that it does not. */
  @Test
  void defect11ShouldNameEachObjectThatCouldNotBeDeleted() {
    CheckpointId id =
        save(
            null,
            new PartitionUpload("op", 0, false, body("a")),
            new PartitionUpload("op", 1, false, body("b")));
    List<String> before = keys();
    objects.refuseDeletes(key -> key.endsWith("manifest.json") ? "AccessDenied" : null);
    CheckpointDeletion none = checkpointer.deleteCheckpoint(id);
    assertThat(none.removed()).isZero();
    assertThat(none.failed()).hasSize(3).containsValue("AccessDenied");
    assertThat(keys()).isEqualTo(before);

    objects.refuseDeletes(key -> key.endsWith("partition-1.snap") ? "AccessDenied" : null);
    CheckpointDeletion half = checkpointer.deleteCheckpoint(id);
    assertThat(half.removed()).isEqualTo(2);
    assertThat(half.failed()).hasSize(1).containsValue("AccessDenied");
    assertThat(half.complete()).isFalse();
    assertThat(keys()).hasSize(2).anyMatch(key -> key.endsWith("partition-1.snap"));

    objects.heal();
    assertThat(checkpointer.deleteCheckpoint(id)).isEqualTo(new CheckpointDeletion(1, Map.of()));
  }

  @Test
  void defect11ShouldDeleteNothingWhenListingFails() {
    CheckpointId id = save(null, new PartitionUpload("op", 0, false, body("a")));
    objects.fault(
        (request, key) -> request.equals("list") ? Outcome.NOT_APPLIED : Outcome.ANSWERED);
    assertThatThrownBy(() -> checkpointer.deleteCheckpoint(id))
        .isInstanceOf(TierUnavailableException.class);
    objects.heal();
    assertThat(checkpointer.listCheckpoints()).containsExactly(id);
  }
}
