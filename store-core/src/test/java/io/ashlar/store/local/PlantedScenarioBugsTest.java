package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ashlar.store.local.PlantedBug.Edit;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each scenario of {@link ProtocolScenariosTest} and {@link CheckpointScenariosTest} is itself
 * tested: with the bug that it guards against planted, it fails.
 */
@Tag("campaign")
class PlantedScenarioBugsTest {

  private static final String COMMITTER = "commit/group/GroupCommitter.java";
  private static final String PUBLISHER = "commit/group/GroupPublisher.java";
  private static final String SPILL = "commit/EpochSpill.java";
  private static final String CALLERS_RECORD =
      "write(alone, 1, epoch.operationBytes(), 0, true, null);";
  private static final String TAIL = "commit/group/LogTail.java";
  private static final String RECOVERY = "recover/Recovery.java";

  @TempDir Path folder;

  /** A scenario and a bug that it finds. */
  record Planted(Class<?> test, String scenario, PlantedBug bug) {
    @Override
    public String toString() {
      return scenario + ": " + bug.name();
    }
  }

  private static Planted quota(
      String scenario, String name, String file, String right, String wrong) {
    return new Planted(HeldQuotaTest.class, scenario, PlantedBug.of(name, file, right, wrong));
  }

  private static Planted log(String scenario, String name, Edit... edits) {
    return new Planted(ProtocolScenariosTest.class, scenario, new PlantedBug(name, List.of(edits)));
  }

  private static Planted checkpoint(String scenario, String name, Edit... edits) {
    return new Planted(
        CheckpointScenariosTest.class, scenario, new PlantedBug(name, List.of(edits)));
  }

  private static Planted note(String scenario, String name, String right, String wrong) {
    return new Planted(
        ManifestNoteTest.class,
        scenario,
        PlantedBug.of(name, "checkpoint/SuperblockPair.java", right, wrong));
  }

  static List<Planted> bugs() {
    return List.of(
        log(
            "shouldKeepAGroupThatPutAndDeletedOneIdThroughTwoPowerCuts",
            "the fence is not a mark (L3, L5)",
            new Edit(
                "recover/LogChain.java",
                "            superblock.fenceSequence(),\n",
                "            0,\n")),
        log(
            "shouldNotReuseAnExtentBeforeAMarkCoversTheRecordThatFreedIt",
            "a record counts as its own mark (L2)",
            new Edit(PUBLISHER, "space.markDurable(mark);", "space.markDurable(mark + 1);"),
            new Edit(
                PUBLISHER,
                "    space.growAhead();\n",
                "    space.markDurable(recordSequence);\n    space.growAhead();\n")),
        log(
            "shouldDropAGroupWholeWhenOnlyItsFirstEpochsBlobHasLanded",
            "a group is cut at an epoch inside it (L4)",
            new Edit(
                "recover/LogReplay.java",
                "        dropped = unmarked.size();\n",
                """
                        dropped = unmarked.size();
                        batch.addFirstEpoch(waiting, unmarked.getFirst().behind().sequence());
                """),
            new Edit(
                "index/OperationBatch.java",
                "  /** Applies all operations that wait; then",
                """
                public void addFirstEpoch(LogRecord record, long sequence) {
                  apply();
                  LogOperations operations = record.operations();
                  for (int i = 0; i < record.epochOperations(0) && operations.next(); i++) {
                    operations.writeTo(single);
                    var _ = applier.apply(single, 0, 1, sequence, (start, blocks) -> {});
                  }
                }

                /** Applies all operations that wait; then\
                """)),
        log(
            "shouldNotLookForTheReusedBlobsOfRecordsBelowTheMark",
            "blobs of marked records are checked (L3)",
            new Edit(
                "recover/LogReplay.java",
                "  private void take(LogRecord record) {\n",
                """
                  private void take(LogRecord record) {
                    if (!blobsAreWhole(record)) {
                      throw lost(chain.end().sequence(), chain.highestMark(), chain.recordBlock());
                    }
                """)),
        log(
            "shouldPreferTheRealRecordInTheNextExtentToAStaleOneBehindTheTail",
            "what lies right behind the tail wins (L10)",
            new Edit(
                "recover/LogChain.java",
                "moves = record != null && record.incarnation() > here;",
                "moves = record != null && here < 0;")),
        log(
            "shouldPreferTheRealRecordInTheNextExtentToAStaleOneBehindTheTail",
            "a record older than the fence counts behind it (L6)",
            new Edit(
                "recover/LogChain.java",
                "(sequence <= superblock.fenceSequence() || incarnation >= superblock.incarnation())",
                "true")),
        log(
            "shouldAlwaysFindRoomForDeletesOnAFullStore",
            "the last block of an extent is used without a next one (L14)",
            new Edit(
                TAIL,
                "return nextStart != 0 ? blocks <= room : blocks < room;",
                "return blocks <= room;")),
        log(
            "shouldAlwaysFindRoomForDeletesOnAFullStore",
            "puts leave no next log extent behind them (L15)",
            new Edit(
                COMMITTER,
                "    if (hasPuts && tail.nextStart() == 0) {\n      return false;\n    }\n",
                ""),
            new Edit(TAIL, "forDeletes ? EXTENT_BLOCKS_LEAST", "forDeletes ? EXTENT_BLOCKS_MIN"),
            new Edit(COMMITTER, "        || !(spare || !hasPuts)\n", "")),
        log(
            "shouldAlwaysFindRoomForDeletesOnAFullStore",
            "a full store waits for its log to be long before it takes back old records (L15)",
            new Edit(
                PUBLISHER, "checkpointer.isDue() || recordsAreNeeded()", "checkpointer.isDue()")),
        log(
            "shouldAlwaysFindRoomForDeletesOnAFullStore",
            "puts that fail wear away the reserved log extent (L15)",
            new Edit(COMMITTER, "        || blocks < tail.nextBlocks()\n", ""),
            new Edit(TAIL, "forDeletes ? wanted : Math.max(wanted, EXTENT_BLOCKS_MIN)", "wanted")),
        log(
            "shouldApplyAGroupsDeletesInTheirOrder",
            "deletes are replayed before all puts of a group",
            new Edit(
                "index/OperationBatch.java",
                "        applyPuts();\n        applyOne(number);\n",
                "        applyOne(number);\n")),
        log(
            "shouldMakeDurableWhatAKilledProcessLeftBeforeAnythingIsExposed",
            "no sync at open (L5)",
            new Edit(RECOVERY, "disk.syncAll(); // L5", "")),
        log(
            "shouldNotUseGrownSpaceBeforeItsZeroesAndSizeAreDurable",
            "growth is used before its zeroes and size are durable (L29)",
            new Edit(
                "space/GrowthFill.java",
                "        guarded.sync();\n        filled = partEnd;\n",
                "        filled = partEnd;\n")),
        log(
            "shouldSyncValuesThatLieElsewhereThoughTheRecordIsDurable",
            "durability of the record is taken for that of values elsewhere (L17)",
            new Edit(COMMITTER, "        sync = true;\n        blocks =", "        blocks =")),
        log(
            "shouldSyncValuesThatLieElsewhereThoughTheRecordIsDurable",
            "no sync for values that were written ahead (L17)",
            new Edit(COMMITTER, "sync |= group[i].anyPlaced();", ""),
            new Edit(
                COMMITTER, CALLERS_RECORD, CALLERS_RECORD.replace("true", "!epoch.anyPlaced()"))),
        log(
            "shouldSyncValuesThatLieElsewhereThoughTheRecordIsDurable",
            "no sync for values that a caller wrote elsewhere (L17)",
            new Edit(COMMITTER, CALLERS_RECORD, CALLERS_RECORD.replace("true", "false"))),
        checkpoint(
            "shouldKeepTheRestOfALogExtentUntilTheRecordInTheNextOneIsDurable",
            "the rest of a log extent is free before the next one is in use (L11)",
            new Edit(
                TAIL,
                "    leftBlocks = extentEnd - block;\n",
                "    space.free(leftStart, extentEnd - block);\n"),
            new Edit(
                PUBLISHER,
                "    space.growAhead();\n",
                """
                    if (!tail.mustNameNext() && !tail.fitsHere(2) && tail.fitsHere(1)) {
                      tail.moveToNext();
                    }
                    space.growAhead();
                """)),
        checkpoint(
            "shouldNeverTearTheOnlyGoodSuperblock",
            "a flip goes over the copy in use (L12)",
            new Edit(
                "checkpoint/SuperblockPair.java",
                "newer().withCheckpoint(checkpoint), 1 - newerCopy()",
                "newer().withCheckpoint(checkpoint), newerCopy()")),
        checkpoint(
            "shouldNotCountACheckpointAsAMark",
            "a checkpoint counts as a mark (L2)",
            new Edit(
                "checkpoint/IndexCheckpointer.java",
                "    unreferencedBlocks = 0;\n    completedCount++;",
                "    unreferencedBlocks = 0;\n"
                    + "    space.markDurable(written.base().sequence());\n    completedCount++;")),
        log(
            "shouldHaveWrittenAheadWhatTheRecordNames",
            "an epoch is queued before its writes ahead have ended (L26)",
            new Edit(
                SPILL,
                "      ahead.await(buffer);\n      stalls.waited(StallCause.WRITE, begunNs);\n    }\n"
                    + "    Throwable failure",
                "      stalls.waited(StallCause.WRITE, begunNs);\n    }\n    Throwable failure")),
        log(
            "shouldHaveWrittenAheadWhatTheRecordNames",
            "no sync behind what was written ahead (L17)",
            new Edit(
                "commit/epoch/EpochBuffer.java",
                "    ahead.begin();\n    anyPlaced = true;\n",
                "    ahead.begin();\n")),
        log(
            "shouldFreeWhatAnAbandonedEpochWroteAhead",
            "what was written ahead is freed before its write has ended (L26)",
            new Edit(SPILL, "    ahead.await(buffer);\n    if (", "    if (")),
        quota(
            "shouldLetNoStreamHoldWhatOthersLeaveNoRoomFor",
            "open streams have no quota (L26)",
            "commit/epoch/Quota.java",
            "while (now + amount <= max) {",
            "while (now >= 0) {"),
        quota(
            "shouldCountNothingThatHasEnded",
            "what an epoch held counts after its end (L26)",
            "commit/epoch/EpochBufferPool.java",
            "    quota.giveBack(buffer.quotaBlocks());\n",
            ""),
        quota(
            "shouldCountNothingThatHasEnded",
            "what a stream held that failed counts for ever (L26)",
            "commit/HeldSpace.java",
            "    quota.giveBack(blocks);\n",
            ""),
        new Planted(
            UnreadableValueTest.class,
            "shouldBreakTheEpochOfATryToo",
            PlantedBug.of(
                "a value that could not be copied leaves a gap in its epoch (G13)",
                "commit/epoch/EpochBuffer.java",
                "    breakOff();\n    int crc32c = values.fill(offset, value);\n",
                "    int crc32c = values.fill(offset, value);\n")),
        checkpoint(
            "shouldProtectTheOlderGenerationWhenFreeSpaceIsRebuilt",
            "the older generation's checkpoint counts as free at open (L13)",
            new Edit(RECOVERY, "        useGeneration(other);\n", "")),
        checkpoint(
            "shouldProtectTheOlderGenerationWhenFreeSpaceIsRebuilt",
            "the older generation's records count as free at open (L13)",
            new Edit("recover/OlderGeneration.java", "      records.forEach(ledger::add);\n", "")),
        checkpoint(
            "shouldDoNothingForARelocationLoggedBehindAPutOfTheSameId",
            "a relocation does not look at what it moves (L16)",
            new Edit(
                "index/BlobIndex.java",
                "if (!isCurrent(Kind.STORED, expectedVersion)"
                    + " || current.startBlock() != expectedStartBlock) {\n      return false;\n"
                    + "    }\n    next.setStored(",
                "if (current.kind() != Kind.STORED) {\n      return false;\n"
                    + "    }\n    next.setStored(")),
        note(
            "shouldFindTheNotesInEitherSuperblockCopyWhenTheOtherIsDamaged",
            "a manifest is noted in one superblock copy only (L32)",
            "    writeBoth(superblock -> superblock.withNotes(notes));\n",
            "    writeCopy(newer().withNotes(notes), newerCopy());\n"),
        note(
            "shouldLeaveTheNotesBeforeOrAfterWhereverACrashComes",
            "the note of a manifest is not durable (L32)",
            "disk.write(vectors, Blocks.offset(copy), true);",
            "disk.write(vectors, Blocks.offset(copy), false);"),
        note(
            "shouldKeepTheNotesThroughIndexCheckpointsOpensAndDamageToTheNewerOne",
            "an index checkpoint's flip forgets the notes (L32)",
            "newer().withCheckpoint(checkpoint),",
            "newer().withCheckpoint(checkpoint).withNotes(ManifestNotes.NONE),"),
        new Planted(
            LostRecordTest.class,
            "shouldRefuseALogOfWhichAnyRecordButTheLastIsDamaged",
            PlantedBug.of(
                "no marks are looked for beyond the break (L18)",
                "recover/LogReplay.java",
                "    refuseMarksBeyond();\n",
                "")),
        new Planted(
            LostRecordTest.class,
            "shouldRefuseALogOfWhichAnyRecordButTheLastIsDamaged",
            PlantedBug.of(
                "no marks are looked for in the extent that the damaged record names (L18)",
                "recover/LogReplay.java",
                "LogRecordFormat.sequence(damaged) == broken",
                "LogRecordFormat.sequence(damaged) < 0")),
        new Planted(
            LostRecordTest.class,
            "shouldRefuseItAlsoWhereABlobOfTheRecordBeforeWasWrittenOver",
            PlantedBug.of(
                "no marks are looked for beyond whole records that were dropped (L18)",
                "recover/LogReplay.java",
                "      refuseMarksBeyond(chain.end());\n",
                "")));
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void shouldBeFoundByItsScenario(Planted planted) throws Exception {
    assumeThat(planted.bug().isTried()).isTrue();
    Throwable found = planted.bug().tryTest(folder, planted.test(), planted.scenario());
    PlantedBug.assertFound(planted, found);
  }

  @Test
  void shouldHaveABugForEveryScenario() {
    List<Class<?>> tests = List.of(ProtocolScenariosTest.class, CheckpointScenariosTest.class);
    TreeSet<String> planted = new TreeSet<>();
    bugs().stream()
        .filter(bug -> tests.contains(bug.test()))
        .forEach(bug -> planted.add(bug.scenario()));
    List<String> scenarios = new ArrayList<>();
    for (Class<?> test : tests) {
      for (Method method : test.getDeclaredMethods()) {
        if (method.isAnnotationPresent(Test.class) && !Modifier.isStatic(method.getModifiers())) {
          scenarios.add(method.getName());
        }
      }
    }
    assertThat(scenarios).hasSize(17).containsExactlyInAnyOrderElementsOf(planted);
  }
}
