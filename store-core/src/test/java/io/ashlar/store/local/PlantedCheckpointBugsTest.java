package io.ashlar.store.local;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.ashlar.store.index.CheckpointLoaderTest;
import io.ashlar.store.index.OperationBatchTest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plants bugs in what loads an index at open and sees that its tests find each. */
@Tag("campaign")
@Timeout(300)
class PlantedCheckpointBugsTest {

  @TempDir Path folder;

  private static PlantedReadBugsTest.Planted loader(
      String method, String name, String file, String right, String wrong) {
    return new PlantedReadBugsTest.Planted(
        CheckpointLoaderTest.class, method, PlantedBug.of(name, file, right, wrong));
  }

  private static PlantedReadBugsTest.Planted due(String name, String right, String wrong) {
    return new PlantedReadBugsTest.Planted(
        CheckpointDueTest.class,
        "shouldWriteACheckpointAfterManyOperations",
        PlantedBug.of(name, "checkpoint/CheckpointSchedule.java", right, wrong));
  }

  static Stream<PlantedReadBugsTest.Planted> bugs() {
    String any = "shouldLoadAnIndexOfAnySize";
    String rejects = "shouldRejectWhatNoStoreWrites";
    String file = "index/CheckpointLoader.java";
    return Stream.of(
        loader(
            rejects,
            "a bucket may have an entry of another",
            file,
            "          || (hash & mask) != prefix\n",
            ""),
        loader(rejects, "an id may come twice", file, "|| index.has(idHigh, idLow)) {", ") {"),
        loader(
            rejects, "hashes may be without a bucket", file, "(next < 0 || next == from)", "true"),
        loader(
            rejects,
            "cold references may be left over",
            file,
            "return coldCount == chunk.colds();",
            "return true;"),
        loader(
            any, "tombstones are not in the list", file, "      if (tombstones) {", "if (false) {"),
        loader(
            any,
            "a split puts entries into the wrong half",
            "index/Bucket.java",
            "long[] into = (hash & bit) == 0 ? zero : one;",
            "long[] into = (hash & bit) != 0 ? zero : one;"),
        loader(
            any,
            "an evicted blob gets another's cold reference",
            "index/BucketCopy.java",
            "    coldCount++;\n",
            "    coldCount = 1;\n"),
        loader(
            "shouldLoadFewEntriesOfManyBucketsIntoFewBuckets",
            "empty buckets come back for ever",
            file,
            "boolean whole = !chunk.isSparse();",
            "boolean whole = true;"),
        new PlantedReadBugsTest.Planted(
            OperationBatchTest.class,
            "shouldChangeWhatWasNewAWhileBefore",
            PlantedBug.of(
                "a page of entries is opened twice, and one copy's changes are lost",
                "index/BulkPuts.java",
                "if (candidate.endsBefore(entry)) {",
                "if (false) {")),
        due(
            "a checkpoint is due by the log's length only",
            "return logBlocks >= dueBlocks || logOperations >= dueOperations;",
            "return logBlocks >= dueBlocks;"),
        due(
            "operations that were in the log at open do not count",
            "    logOperations = log.operations();",
            "    logOperations = 0;"),
        due(
            "operations before the last checkpoint count",
            "    logBlocks = 0;\n    logOperations = 0;\n",
            "    logBlocks = 0;\n"),
        new PlantedReadBugsTest.Planted(
            CheckpointDueTest.class,
            "shouldWriteACheckpointAfterAnOpenThatReplayedManyRecords",
            PlantedBug.of(
                "every open replays what the one before has replayed",
                "local/StoreOpening.java",
                "      store.checkpointAfterOpen();\n",
                "")));
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void shouldBeFoundByItsTest(PlantedReadBugsTest.Planted planted) throws Exception {
    assumeThat(planted.bug().isTried()).isTrue();
    Throwable found = planted.bug().tryTest(folder, planted.test(), planted.scenario());
    PlantedBug.assertFound(planted, found);
  }
}
