package io.ashlar.store.local;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.ashlar.store.space.GrowthAheadTest;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Plants bugs at the edges of a commit and in the flags of its system calls, which the simulated
 * disk cannot see, and sees that each is found. Somebody new to the code planted most of them
 * first.
 */
@Tag("campaign")
@Timeout(300)
class PlantedCommitBugsTest {

  private static final String DURABLE = "shouldHaveMadeDurableWhatItAcknowledges";
  private static final String FLAG = "return dsync ? Libc.RWF_DSYNC() : 0;";

  @TempDir Path folder;

  private static PlantedReadBugsTest.Planted writes(String name, PlantedBug.Edit... edits) {
    return new PlantedReadBugsTest.Planted(
        DurableWritesTest.class, DURABLE, new PlantedBug(name, List.of(edits)));
  }

  private static PlantedReadBugsTest.Planted edge(
      String method, String name, String file, String right, String wrong) {
    return new PlantedReadBugsTest.Planted(
        CommitEdgesTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  private static PlantedReadBugsTest.Planted agent(
      String method, String name, String file, String right, String wrong) {
    return new PlantedReadBugsTest.Planted(
        AgentsTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  private static PlantedReadBugsTest.Planted rule(
      String method, String name, String file, String right, String wrong) {
    return new PlantedReadBugsTest.Planted(
        ThreadRulesTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  private static PlantedReadBugsTest.Planted ahead(
      String method, String name, String file, String right, String wrong) {
    return new PlantedReadBugsTest.Planted(
        GrowthAheadTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  private static PlantedReadBugsTest.Planted growth(
      String method, String name, String file, String right, String wrong) {
    return new PlantedReadBugsTest.Planted(
        GrowthTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  static Stream<PlantedReadBugsTest.Planted> bugs() {
    return Stream.of(
        writes(
            "RWF_DSYNC is dropped from every pwritev2",
            new PlantedBug.Edit("uring/NativeFile.java", FLAG, "return 0;")),
        writes(
            "RWF_DSYNC is dropped from every ring write",
            new PlantedBug.Edit(
                "disk/UringDiskQueue.java", "durable && !buffered ? Uring.RWF_DSYNC : 0", "0")),
        writes(
            "RWF_DSYNC is dropped from a ring write that is resumed",
            new PlantedBug.Edit(
                "disk/RingOperation.java",
                "offset + from, rwFlags, index);",
                "offset + from, done == 0 ? rwFlags : 0, index);")),
        edge(
            "shouldCommitWhatIsQueuedBeforeCloseReturns",
            "a close does not drain the queue (G10)",
            "commit/role/CommitAgent.java",
            "if ((closing && queue.isEmpty()) ||",
            "if (closing ||"),
        edge(
            "shouldShowAnEpochBeforeItCountsAsDurable",
            "an epoch is durable before it is visible (G3)",
            "commit/group/GroupPublisher.java",
            "    long puts = 0;\n    long deletes = 0;\n",
            "    acks.setDurable(tail.epoch());\n    long puts = 0;\n    long deletes = 0;\n"),
        edge(
            "shouldWaitForCompanyUntilTheWindowEnds",
            "a coalescing window is not waited for",
            "commit/role/CoalescingWindow.java",
            "return now - endNs < 0;",
            "return false;"),
        edge(
            "shouldNotLetATaskWaitForTheWindowOfTheEpochBeforeIt",
            "a task waits for the window of the epoch before it (G10)",
            "commit/role/CommitAgent.java",
            "closing || queuedTasks.get() > 0 || ",
            "closing || "),
        edge(
            "shouldWaitForCompanyInABlockingCommit",
            "a blocking commit takes no notice of the coalescing window",
            "commit/role/CommitAgent.java",
            " || window.isOn()",
            ""),
        new PlantedReadBugsTest.Planted(
            UnallocatedSpaceTest.class,
            "shouldRefuseCommitsInASparseCopyOnAFullDisk",
            PlantedBug.of(
                "a log extent's holes are not filled before a record goes there (L29)",
                "space/BlockSpace.java",
                "return growthFailure == null;",
                "return true;")),
        new PlantedReadBugsTest.Planted(
            UnallocatedSpaceTest.class,
            "shouldNotReuseWhatABlobOfZeroesHadInASparseCopy",
            PlantedBug.of(
                "a freed blob's holes count as free space (L29)",
                "space/BlockSpace.java",
                "file.holes().add(part[0], part[1] - part[0]);\n        at = part[1];",
                "at = part[0];")),
        rule(
            "shouldWriteSmallGroupsOfListenersBySystemCallAndLongOnesThroughTheRing",
            "every group of the I/O thread goes through the ring (record 0089)",
            "commit/group/GroupCommitter.java",
            "if (queue == null || !gainsFromRing) {",
            "if (queue == null) {"),
        growth(
            "shouldLoseNothingAndGoOnAfterAnAllocationFailed",
            "what a failed allocation has left stays at the end of the file (L29)",
            "space/GrowthFill.java",
            "        cutOff(filled);\n",
            ""),
        growth(
            "shouldLoseNothingAndGoOnAfterAnAllocationFailed",
            "a full disk counts as a file system that cannot allocate (L29)",
            "space/ZeroFill.java",
            "if (e.errno() != Errno.EOPNOTSUPP && e.errno() != Errno.ENOSYS) {",
            "if (false) {"),
        growth(
            "shouldGrowByZeroesAloneWhereTheFileSystemCannotAllocate",
            "a file system that cannot allocate counts as full",
            "space/ZeroFill.java",
            "if (e.errno() != Errno.EOPNOTSUPP && e.errno() != Errno.ENOSYS) {",
            "if (true) {"),
        growth(
            "shouldFillWhatAKilledGrowthHadOnlyAllocatedBeforeACommitGoesThere",
            "an open takes allocated blocks for written ones (L29)",
            "local/DataFileStore.java",
            "    space.takeUnallocated(disk.disk());\n",
            ""),
        ahead(
            "shouldHandOutNothingThatIsNotSynced",
            "a part of a growth is used before its sync (L29)",
            "space/GrowthFill.java",
            "        guarded.sync();\n        filled = partEnd;\n",
            "        waiters.onFilled(partEnd);\n        guarded.sync();\n        filled = partEnd;\n"),
        ahead(
            "shouldKeepThePartsThatWereFilledBeforeAFailure",
            "a growth that fails cuts off what is in use",
            "space/GrowthFill.java",
            "cutOff(filled);",
            "cutOff(start);"),
        ahead(
            "shouldEndAtTheSameLengthWheneverGrowthRuns",
            "a second growth begins once a part of the first is in use",
            "space/DataFile.java",
            "      if (state == State.GROWN || state == State.FAILED) {\n        state = State.IDLE;\n      }\n",
            "      state = State.IDLE;\n"),
        ahead(
            "shouldGrowAheadThoughPlentyIsFreeWhereTheLogCanUseNothingOfIt",
            "the log waits for growth while plenty is free that it cannot use",
            "space/BlockSpace.java",
            " || !hasHole(RUN_BLOCKS_MIN)",
            ""),
        edge(
            "shouldCommitEpochsThatTogetherExceedARecord",
            "the bound of a group's record is removed",
            "commit/role/CommitAgent.java",
            "recordBytes > LogRecordFormat.RECORD_BYTES_MAX\n",
            "false\n"),
        rule(
            "shouldLetACallerThatWaitsLeadTheNextGroup",
            "the next leader is not called (L33)",
            "commit/role/CommitAgent.java",
            "      LockSupport.unpark(leader);\n",
            ""),
        rule(
            "shouldTellListenersOnTheStoresThreadsOnly",
            "a leader takes an epoch with a listener (L33)",
            "commit/role/Leaders.java",
            "return epoch.outcome().listener() == null;",
            "return true;"),
        rule(
            "shouldLeaveLongEpochsToTheIoThread",
            "a leader takes a long epoch (L33)",
            "commit/role/Leaders.java",
            " && epoch.writableBlocks() * Disk.BLOCK_BYTES <= BYTES_MAX",
            ""),
        agent(
            "shouldRefuseASecondDriver",
            "any thread drives (L34)",
            "agent/DrivenAgents.java",
            "    if (!claim()) {",
            "    if (false) {"),
        agent(
            "shouldLoseNothingAndSaySoWhereTheDriverStops",
            "a close that gives up leaves queued epochs behind (L34)",
            "commit/CommitPath.java",
            "      boolean _ = agent.serveHere();\n",
            ""),
        agent(
            "shouldFailWhereItsInvokerIsClosedFirst",
            "an agent that is ended early refuses nothing (L34)",
            "commit/role/CommitAgent.java",
            "      var _ = refusal.refuseQueued();\n",
            ""),
        agent(
            "shouldGoOnWhereTheDriverIsInterrupted",
            "an interrupt ends the invoker",
            "agent/DrivenAgents.java",
            "return done == 0 && Thread.currentThread().isInterrupted() ? 1 : done;",
            "return done;"));
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void shouldBeFoundByItsTest(PlantedReadBugsTest.Planted planted) throws Exception {
    assumeThat(planted.bug().isTried()).isTrue();
    Throwable found = planted.bug().tryTest(folder, planted.test(), planted.scenario());
    PlantedBug.assertFound(planted, found);
  }
}
