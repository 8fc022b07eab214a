package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The crash suite is itself tested: it must find each of these bugs. */
@Tag("campaign")
class PlantedBugsTest {

  private static final long SEED = Long.getLong("test.seed", 20_261_220);
  private static final long STATES = 10_000;

  /** What no store of ours throws on purpose. */
  private static final Pattern OWN =
      Pattern.compile(
          ".*(the suite itself|java\\.lang\\.(?!AssertionError)\\w+(Exception|Error)).*",
          Pattern.DOTALL);

  private static final String COMMITTER = "commit/group/GroupCommitter.java";
  private static final String PUBLISH =
      "publisher.publish(group, count, chain, recordBlocks, behindBlocks);";
  private static final String REGISTRY = "snapshot/SnapshotRegistry.java";

  @TempDir Path folder;

  static List<PlantedBug> bugs() {
    return List.of(
        new PlantedBug(
            "no sync",
            List.of(
                new PlantedBug.Edit(
                    COMMITTER,
                    "disk.write(vectors, tail.offset(), !sync);",
                    "disk.write(vectors, tail.offset(), false);"),
                new PlantedBug.Edit(
                    COMMITTER,
                    "writes.submit(queue, vectors, tail.offset(), durable);",
                    "writes.submit(queue, vectors, tail.offset(), false);"),
                new PlantedBug.Edit(COMMITTER, "if (sync) {", "if (false) {"))),
        new PlantedBug(
            "acknowledgement before the sync",
            List.of(
                new PlantedBug.Edit(
                    COMMITTER,
                    "disk.write(vectors, tail.offset(), !sync);",
                    "disk.write(vectors, tail.offset(), false);"),
                new PlantedBug.Edit(
                    COMMITTER,
                    "writes.submit(queue, vectors, tail.offset(), durable);",
                    "writes.submit(queue, vectors, tail.offset(), false);"),
                new PlantedBug.Edit(COMMITTER, "if (sync) {", "if (false) {"),
                new PlantedBug.Edit(COMMITTER, PUBLISH, PUBLISH + " disk.sync();"))),
        PlantedBug.of(
            "extent reused before its successor is durable",
            "space/BlockSpace.java",
            "deferred.free(sequence, start, blocks);",
            "allocator.free(start, blocks);"),
        PlantedBug.of(
            "deletes replayed before the puts that came before them",
            "index/OperationBatch.java",
            "        applyPuts();\n        applyOne(number);\n",
            "        applyOne(number);\n"),
        PlantedBug.of(
            "no sync behind blobs that lie elsewhere (L17)",
            COMMITTER,
            "if (sync) {",
            "if (false) {"),
        PlantedBug.of(
            "durability of the record taken for that of scattered blobs (L17)",
            COMMITTER,
            "        sync = true;\n        blocks =",
            "        blocks ="),
        PlantedBug.of(
            "unmarked blobs not checked at open (L3)",
            "recover/LogReplay.java",
            "if (!blobsAreWhole(waiting)) {",
            "if (false) {"),
        PlantedBug.of(
            "marked blobs checked at open (L3)",
            "recover/LogReplay.java",
            "  private void take(LogRecord record) {\n",
            """
              private void take(LogRecord record) {
                if (!blobsAreWhole(record)) {
                  throw lost(chain.end().sequence(), chain.highestMark(), chain.recordBlock());
                }
            """),
        PlantedBug.of(
            "no fence at open (L5)",
            "checkpoint/SuperblockPair.java",
            "    int copy = fromNewer ? newerCopy() : 1 - newerCopy();\n",
            "    int copy = 0;\n    if (incarnation != 0) return;\n"),
        PlantedBug.of(
            "the next log extent is never looked at (L10)",
            "recover/LogChain.java",
            "if (end.nextStart() != 0 && reader",
            "if (end.nextStart() < 0 && reader"),
        PlantedBug.of(
            "an index checkpoint not synced before its flip (L12)",
            "checkpoint/IndexCheckpointer.java",
            "      disk.sync();\n",
            ""),
        PlantedBug.of(
            "records freed that replay still needs (L13)",
            "checkpoint/Generations.java",
            "ledger.freeThrough(older.base().sequence(), space, FREED_RECORDS_MAX);",
            "ledger.freeThrough(Long.MAX_VALUE, space, FREED_RECORDS_MAX);"),
        PlantedBug.of(
            "the log's tail counts as free after recovery (L13)",
            "recover/Recovery.java",
            "map.use(position.block(), position.extentEnd() - position.block(), \"log extent\");",
            ""),
        PlantedBug.of(
            "growth used before its zeroes and size are synced (L29)",
            "space/GrowthFill.java",
            "        guarded.sync();\n        filled = partEnd;\n",
            "        filled = partEnd;\n"),
        PlantedBug.of(
            "what was put just before a snapshot is not pinned (L27)",
            REGISTRY,
            "|| entry.version() > newest.sequence()",
            "|| entry.version() >= newest.sequence()"),
        PlantedBug.of(
            "extents reused at a snapshot's close without a mark (L2)",
            "space/BlockSpace.java",
            "if (sequence <= durableMark) {",
            "if (true) {"),
        PlantedBug.of(
            "a closing snapshot frees what an older one needs (L27)",
            REGISTRY,
            "&& entry.version() <= to.sequence()",
            "&& entry.version() > to.sequence()"),
        PlantedBug.of(
            "a relocation applied whatever became of its blob (L16)",
            "index/BlobIndex.java",
            """
                int entry = locate(idHigh, idLow, null);
                if (!isCurrent(Kind.STORED, expectedVersion) || current.startBlock() != expectedStartBlock) {
                  return false;
                }
            """,
            """
                int entry = locate(idHigh, idLow, null);
                if (current.kind() != Kind.STORED) {
                  return false;
                }
            """),
        PlantedBug.of(
            "a copy not synced before its relocation's record (L28)",
            "vacuum/Vacuum.java",
            "    syncOrPoison(disk::sync);\n",
            ""),
        PlantedBug.of(
            "the source of a relocation free at once (L2)",
            "vacuum/MoveBatch.java",
            "        blobsMoved++;\n",
            "        blobsMoved++;\n        space.markDurable(Long.MAX_VALUE);\n"),
        PlantedBug.of(
            "the file cut below what waits for a mark (L28)",
            "space/BlockSpace.java",
            "    return fileTail.beginCut(leastBlocks, reserveBlocks);",
            "    deferred.release(Long.MAX_VALUE);\n"
                + "    return fileTail.beginCut(leastBlocks, reserveBlocks);"),
        PlantedBug.of(
            "the copy of a relocation that did nothing stays taken (G13)",
            "vacuum/MoveBatch.java",
            "        unused.onFreed(newStarts[i], blocks(i));\n",
            ""));
  }

  /** How far the suite had to go until it found the bug that takes longest. */
  private static long statesNeeded;

  @ParameterizedTest
  @MethodSource("bugs")
  void shouldBeFoundByTheCrashSuite(PlantedBug bug) throws Exception {
    assumeThat(bug.isTried()).isTrue();
    String result = bug.tryCrashes(folder, SEED, STATES);
    String[] counts = result.split("\\s", 3);
    System.out.println(
        "planted: " + bug.name() + ": found after " + counts[0] + " states: " + counts[2].strip());
    assertThat(Long.parseLong(counts[1])).as(bug.name()).isPositive();
    assertThat(counts[2]).as("%s: found by the suite's own mistake", bug.name()).doesNotMatch(OWN);
    statesNeeded = Math.max(statesNeeded, Long.parseLong(counts[0]));
  }

  /** Without a bug the same states are clean: the first thousand; {@link CrashTest} tries more. */
  @AfterAll
  static void shouldFindNothingWithoutABug() {
    String result = CrashSuite.run(SEED, Math.min(statesNeeded, 1_000), true);
    assertThat(result).startsWith(result.split("\\s", 2)[0] + " 0\n");
  }
}
