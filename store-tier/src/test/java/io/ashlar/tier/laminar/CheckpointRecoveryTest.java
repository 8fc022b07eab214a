package io.ashlar.tier.laminar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.laminar.CheckpointManifest.OperatorSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.PartitionSnapshotEntry;
import io.ashlar.tier.laminar.CheckpointManifest.SourceOffsetEntry;
import io.ashlar.tier.object.FaultyObjectStore;
import io.ashlar.tier.object.FaultyObjectStore.Outcome;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CheckpointRecoveryTest {
  private final FaultyObjectStore objects = new FaultyObjectStore(new InMemoryObjectStore());
  private final Checkpointer checkpointer = new Checkpointer(objects, new CheckpointPaths(), 4);
  private final RecordingTarget target = new RecordingTarget();
  private long epoch;

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private CheckpointId save(@Nullable CheckpointId parent, boolean isDelta, String state) {
    CheckpointId id = CheckpointId.newId();
    checkpointer.saveManifest(
        CheckpointManifest.of(
                id,
                ++epoch,
                checkpointer.savePartitions(
                    id, List.of(new PartitionUpload("op", 0, isDelta, body(state)))),
                parent)
            .with(
                new CheckpointManifest.Sources(
                    Map.of("src", new SourceOffsetEntry("kafka", Map.of("0", state), epoch)), 5L)));
    return id;
  }

  private void damage(CheckpointId id) {
    String key = checkpointer.paths().snapshot(id, "op", 0);
    int length = (int) Objects.requireNonNull(objects.head(key)).length();
    objects.put(key, ObjectBody.of(new byte[length]));
  }

  private RecoveredCheckpoint recover() {
    return Objects.requireNonNull(new CheckpointRecovery(checkpointer).recover(target));
  }

  @Test
  void shouldFindNothingInAnEmptyPrefixAndLeaveTheTargetAlone() {
    assertThat(new CheckpointRecovery(checkpointer).recover(target)).isNull();
    assertThat(target.clears).isZero();
  }

  @Test
  void shouldTakeWhatThePointerNamesWithoutListing() {
    CheckpointId first = save(null, false, "one");
    checkpointer.updateLatest(first);
    save(null, false, "two");
    RecoveredCheckpoint recovered = recover();
    assertThat(recovered.manifest().checkpointId()).isEqualTo(first);
    assertThat(recovered.attempts()).isEqualTo(1);
    assertThat(target.state).containsEntry("op/0", "one");
    assertThat(target.seeks).containsExactly("src{0=one}");
    assertThat(objects.requests()).noneMatch(request -> request.startsWith("list"));
  }

  @Test
  void shouldTakeTheNewestWithoutAPointerOrWithAGarbledOne() {
    save(null, false, "one");
    CheckpointId second = save(null, false, "two");
    assertThat(recover().manifest().checkpointId()).isEqualTo(second);

    objects.put(checkpointer.paths().latest(), body("{\"sequence\":1}"));
    RecoveredCheckpoint recovered = recover();
    assertThat(recovered.manifest().checkpointId()).isEqualTo(second);
    assertThat(recovered.failures()).hasSize(1);
    assertThatThrownBy(() -> checkpointer.updateLatest(second))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("_latest");
  }

  @Test
  void shouldFallBackFromADamagedCheckpointFromACleanState() {
    save(null, false, "one");
    CheckpointId second = save(null, false, "two");
    CheckpointId third = save(null, false, "three");
    checkpointer.updateLatest(third);
    damage(third);
    RecoveredCheckpoint recovered = recover();
    assertThat(recovered.manifest().checkpointId()).isEqualTo(second);
    assertThat(recovered.attempts()).isEqualTo(2);
    assertThat(recovered.failures().getFirst()).hasMessageContaining("SHA-256 mismatch");
    assertThat(target.state).containsExactly(Map.entry("op/0", "two"));
    assertThat(target.seeks).hasSize(1);
  }

  @Test
  void shouldFallBackWhenTheTargetRefuses() {
    CheckpointId first = save(null, false, "one");
    save(null, false, "two");
    target.refused = "two";
    assertThat(recover().manifest().checkpointId()).isEqualTo(first);
    assertThat(target.state).containsExactly(Map.entry("op/0", "one"));
  }

  @Test
  void shouldTryThreeAtMostAndLeaveTheTargetClear() {
    List<CheckpointId> ids = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      ids.add(save(null, false, "state " + i));
    }
    ids.subList(1, 4).forEach(this::damage);
    checkpointer.updateLatest(ids.get(3));
    assertThatThrownBy(this::recover)
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("attempts=3")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(2));
    assertThat(target.state).isEmpty();
    assertThat(target.seeks).isEmpty();
  }

  /** Restoring something older because the network was down would lose what is there. */
  @Test
  void shouldNotGoBackBecauseTheStoreDoesNotAnswer() {
    save(null, false, "one");
    CheckpointId second = save(null, false, "two");
    checkpointer.updateLatest(second);
    objects.fault((request, key) ->
        key.startsWith(checkpointer.paths().directory(second))
            ? Outcome.NOT_APPLIED
            : Outcome.ANSWERED);
    assertThatThrownBy(this::recover).isInstanceOf(TierUnavailableException.class);
    assertThat(target.state).isEmpty();
    objects.heal();
    assertThat(recover().manifest().checkpointId()).isEqualTo(second);
  }

  @Test
  void shouldTreatAMissingParentAsDamage() {
    CheckpointId first = save(null, false, "one");
    CheckpointId second = save(first, true, "+");
    CheckpointId third = save(second, true, "+");
    checkpointer.updateLatest(third);
    assertThat(checkpointer.deleteCheckpoint(second).complete()).isTrue();
    RecoveredCheckpoint recovered = recover();
    assertThat(recovered.manifest().checkpointId()).isEqualTo(first);
    assertThat(recovered.failures().getFirst()).hasMessageContaining(second.toString());
  }

  @Test
  void shouldTreatADeltaWithoutAWholeStateAsDamage() {
    save(null, true, "delta only");
    assertThatThrownBy(this::recover)
        .isInstanceOf(CorruptionException.class)
        .hasStackTraceContaining("delta without a whole state");
  }

  @Test
  void shouldLeaveNothingOfAnAttemptThatFailedHalfway() {
    saveTwoPartitionsOfWhichOneIsDamaged();
    assertThatThrownBy(this::recover).isInstanceOf(CorruptionException.class);
    assertThat(target.state).as("the first partition was restored before").isEmpty();
  }

  @Test
  void shouldBeginEveryAttemptFromACleanState() {
    target.state.put("op/9", "of the caller's earlier life");
    save(null, false, "whole");
    saveTwoPartitionsOfWhichOneIsDamaged();
    assertThat(recover().attempts()).isEqualTo(2);
    assertThat(target.state).containsExactly(Map.entry("op/0", "whole"));
  }

  private void saveTwoPartitionsOfWhichOneIsDamaged() {
    CheckpointId id = CheckpointId.newId();
    List<PartitionUpload> uploads =
        List.of(
            new PartitionUpload("op", 0, false, body("zero")),
            new PartitionUpload("op", 1, false, body("one")));
    checkpointer.saveManifest(
        CheckpointManifest.of(id, ++epoch, checkpointer.savePartitions(id, uploads), null));
    objects.put(checkpointer.paths().snapshot(id, "op", 1), body("two"));
  }

  @Test
  void shouldNotFollowACycleOfParents() {
    CheckpointId one = CheckpointId.newId();
    CheckpointId two = CheckpointId.newId();
    checkpointer.saveManifest(CheckpointManifest.of(one, 1, Map.of(), two));
    checkpointer.saveManifest(CheckpointManifest.of(two, 2, Map.of(), one));
    assertThatThrownBy(this::recover)
        .isInstanceOf(CorruptionException.class)
        .hasStackTraceContaining("never end");
  }

  @Test
  void shouldRefuseAnArtifactOfAnotherLengthAndCountUnverifiedOnes() {
    CheckpointId id = CheckpointId.newId();
    checkpointer.saveSnapshot(id, "op", 0, body("12345"));
    PartitionSnapshotEntry entry =
        new PartitionSnapshotEntry(0, false, "operators/op/partition-0.snap", 5, null);
    checkpointer.saveManifest(
        CheckpointManifest.of(
            id, 1, Map.of("op", new OperatorSnapshotEntry(List.of(entry), 5)), null));
    assertThat(recover().unverified()).isEqualTo(1);

    checkpointer.saveSnapshot(id, "op", 0, body("1234"));
    assertThatThrownBy(this::recover).hasStackTraceContaining("length");
  }

  @Test
  void shouldTellTheDigestThatSavingReturned() {
    CheckpointId id = CheckpointId.newId();
    byte[] data = "abc".getBytes(StandardCharsets.UTF_8);
    String expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assertThat(checkpointer.saveSnapshot(id, "op", 0, ObjectBody.of(data))).isEqualTo(expected);
    assertThat(checkpointer.saveDelta(id, "op", 0, ObjectBody.of(data))).isEqualTo(expected);
    Checkpointer.verifyIntegrity("x", MemorySegment.ofArray(data), expected);
    data[0]++;
    assertThatThrownBy(
            () -> Checkpointer.verifyIntegrity("x", MemorySegment.ofArray(data), expected))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining(expected);
  }

  @Test
  void shouldListOldestFirstInFewRequestsWhateverTheNumberOfPartitions() {
    List<CheckpointId> ids = new ArrayList<>();
    for (int c = 0; c < 3; c++) {
      CheckpointId id = CheckpointId.newId();
      List<PartitionUpload> uploads = new ArrayList<>();
      for (int i = 0; i < 2500; i++) {
        uploads.add(new PartitionUpload("op", i, false, body("")));
      }
      checkpointer.saveManifest(
          CheckpointManifest.of(id, c, checkpointer.savePartitions(id, uploads), null));
      ids.add(id);
    }
    CheckpointId incomplete = CheckpointId.newId();
    checkpointer.saveSnapshot(incomplete, "op", 0, body("x"));
    int before = objects.requests().size();
    assertThat(checkpointer.listCheckpoints()).isEqualTo(ids);
    assertThat(objects.requests().size() - before).isLessThanOrEqualTo(4);
    assertThat(checkpointer.listIncomplete()).containsExactly(incomplete);
    assertThat(checkpointer.deleteCheckpoint(ids.getFirst()).removed()).isEqualTo(2501);
    assertThat(checkpointer.listCheckpoints()).isEqualTo(ids.subList(1, 3));
  }
}
